//! A condition on an event: a JSON pointer (RFC 6901) and the value that must be there.

use proc_macro2::TokenTree;
use syn::{Error, Lit, LitInt, LitStr, Result};

use crate::arguments::Value;

/// A place in the JSON and the value that must be there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The pointer as written.
    pub(crate) pointer: String,
    /// Its tokens, unescaped.
    pub(crate) tokens: Vec<String>,
    pub(crate) is: Scalar,
}

/// A JSON scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Integer(i128),
    String(String),
}

impl Field {
    pub(crate) fn parse(pointer: &LitStr, value: &Value) -> Result<Self> {
        let (tokens, is) = match (tokens(pointer), scalar(value)) {
            (Ok(tokens), Ok(is)) => (tokens, is),
            (Err(mut error), Err(other)) => {
                error.combine(other);
                return Err(error);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let is_id = tokens
            .last()
            .is_some_and(|last| last == "id" || last.ends_with("_id"));
        let pointer = pointer.value();
        match is {
            Scalar::Integer(id) if is_id => Err(Error::new_spanned(
                value.tokens(),
                format!("ids are strings in Discord's JSON: write `\"{pointer}\" = \"{id}\"`"),
            )),
            _ => Ok(Self {
                pointer,
                tokens,
                is,
            }),
        }
    }
}

fn tokens(pointer: &LitStr) -> Result<Vec<String>> {
    let text = pointer.value();
    let Some(path) = text.strip_prefix('/') else {
        let meant = text.trim_start_matches("$.").replace('.', "/");
        return Err(Error::new_spanned(
            pointer,
            format!("a JSON pointer must begin with `/`: write `\"/{meant}\"`"),
        ));
    };
    let tokens: Option<Vec<_>> = path.split('/').map(unescaped).collect();
    tokens.ok_or_else(|| {
        Error::new_spanned(
            pointer,
            "in a JSON pointer `~` is written `~0`, and `/` in a key is written `~1`",
        )
    })
}

fn unescaped(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', part.strip_prefix('1')?),
        };
        text.push(escaped);
        text.push_str(rest);
    }
    Some(text)
}

fn scalar(value: &Value) -> Result<Scalar> {
    let error = |message: &str| Err(Error::new_spanned(value.tokens(), message));
    let literal = match value.0.as_slice() {
        [TokenTree::Ident(word)] if word == "null" => return Ok(Scalar::Null),
        [TokenTree::Ident(word)] if word == "None" => return error("write `null`, as JSON does"),
        [TokenTree::Ident(word)] if word == "true" || word == "false" => {
            return Ok(Scalar::Bool(word == "true"));
        }
        [TokenTree::Punct(minus), TokenTree::Literal(literal)] if minus.as_char() == '-' => {
            return match Lit::new(literal.clone()) {
                Lit::Int(digits) => integer(value, &digits, true),
                Lit::Float(_) => error(FLOAT),
                _ => error(EXPECTED),
            };
        }
        [TokenTree::Literal(literal)] => Lit::new(literal.clone()),
        [TokenTree::Literal(_), second, ..] => {
            return Err(Error::new_spanned(
                second,
                format!("expected `,`, found `{second}`"),
            ));
        }
        _ => return error(EXPECTED),
    };
    match literal {
        Lit::Str(text) => Ok(Scalar::String(text.value())),
        Lit::Int(digits) => integer(value, &digits, false),
        Lit::Float(_) => error(FLOAT),
        _ => error(EXPECTED),
    }
}

const EXPECTED: &str = "a filter's value must be a string, an integer, `true`, `false` or `null`";
const FLOAT: &str = "a number with a fraction cannot be compared exactly: a filter's value must be a string, an integer, `true`, `false` or `null`";

fn integer(value: &Value, digits: &LitInt, negative: bool) -> Result<Scalar> {
    if !digits.suffix().is_empty() {
        let suffix = digits.suffix();
        let message = format!("integers in JSON have no type: remove `{suffix}`");
        return Err(Error::new_spanned(digits, message));
    }
    let integer = digits
        .base10_parse::<i128>()
        .map(|it| if negative { -it } else { it });
    let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
    match integer {
        Ok(integer) if range.contains(&integer) => Ok(Scalar::Integer(integer)),
        _ => Err(Error::new_spanned(
            value.tokens(),
            "this integer does not fit in 64 bits",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;

    fn field(pointer: &str, value: TokenStream) -> Result<(Vec<String>, Scalar)> {
        let pointer = LitStr::new(pointer, proc_macro2::Span::call_site());
        let field = Field::parse(&pointer, &Value(value.into_iter().collect()))?;
        Ok((field.tokens, field.is))
    }

    fn error(pointer: &str, value: TokenStream) -> String {
        field(pointer, value).unwrap_err().to_string()
    }

    #[test]
    fn pointers_are_unescaped_once() {
        let tokens = |pointer| field(pointer, quote!(null)).unwrap().0;
        assert_eq!(
            tokens("/data/options/0/name"),
            ["data", "options", "0", "name"]
        );
        assert_eq!(tokens("/a~1b/~0~01"), ["a/b", "~~1"]);
        assert_eq!(tokens("/"), [""]);
        assert_eq!(tokens("//a"), ["", "a"]);
    }

    #[test]
    fn values_are_the_scalars_of_json() {
        let value = |value| field("/x", value).unwrap().1;
        assert_eq!(value(quote!("a\n")), Scalar::String("a\n".to_owned()));
        assert_eq!(value(quote!(2)), Scalar::Integer(2));
        assert_eq!(value(quote!(-9_000)), Scalar::Integer(-9_000));
        assert_eq!(
            value(quote!(18446744073709551615)),
            Scalar::Integer(u64::MAX.into())
        );
        assert_eq!(value(quote!(true)), Scalar::Bool(true));
        assert_eq!(value(quote!(null)), Scalar::Null);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        assert!(error("data.name", quote!("x")).contains("write `\"/data/name\"`"));
        assert!(error("/a~2", quote!("x")).contains("`~0`"));
        assert!(error("/a~", quote!("x")).contains("`~0`"));
        assert!(error("/guild_id", quote!(7)).contains("write `\"/guild_id\" = \"7\"`"));
        assert!(error("/id", quote!(-7)).contains("ids are strings"));
        assert!(error("/x", quote!(1.5)).contains("fraction"));
        assert!(error("/x", quote!(-1.5)).contains("fraction"));
        assert!(error("/x", quote!(2u8)).contains("remove `u8`"));
        assert!(error("/x", quote!(18446744073709551616)).contains("64 bits"));
        assert!(error("/x", quote!(NAME)).contains("a filter's value must be"));
        assert!(error("/x", quote!(None)).contains("write `null`"));
        assert!(error("/x", quote!(1 "/y")).contains("expected `,`"));
        assert!(field("/paid", quote!(7)).is_ok() && field("/ids/0", quote!(7)).is_ok());
    }
}
