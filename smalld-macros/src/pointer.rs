//! A condition on an event: a JSON pointer (RFC 6901), an operator and the values.

use proc_macro2::{Delimiter, TokenTree};
use syn::{Error, Lit, LitInt, LitStr, Result};

use crate::arguments::{Operator, Value, is};
use crate::text::readable;

/// A place in the JSON and the values that may, or may not, be there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The pointer as written.
    pub(crate) pointer: String,
    /// Its tokens, unescaped.
    pub(crate) tokens: Vec<String>,
    pub(crate) operator: Operator,
    pub(crate) any: Vec<Alternative>,
    /// The values as written, for messages.
    pub(crate) written: String,
}

/// One of the values, which are separated by `|`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Alternative {
    Is(Scalar),
    /// `"vote:"..`
    StartsWith(String),
}

/// A JSON value without parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Integer(i128),
    String(String),
}

impl Field {
    pub(crate) fn parse(pointer: &LitStr, operator: Operator, value: &Value) -> Result<Self> {
        let (tokens, any) = match (tokens(pointer), alternatives(value)) {
            (Ok(tokens), Ok(any)) => (tokens, any),
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
        for (alternative, written) in any.iter().zip(parts(value)) {
            if let Alternative::Is(Scalar::Integer(id)) = alternative
                && is_id
            {
                return Err(Error::new_spanned(
                    written.tokens(),
                    format!(
                        "ids are strings in Discord's JSON: write `\"{pointer}\" {operator} \"{id}\"`"
                    ),
                ));
            }
        }
        Ok(Self {
            pointer,
            tokens,
            operator,
            any,
            written: readable(value.tokens()),
        })
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

/// The parts of a value between `|`. Some may be empty.
fn parts(value: &Value) -> impl Iterator<Item = Value> {
    let parts = value.0.split(|token| is(token, '|'));
    parts.map(|part| Value(part.to_vec()))
}

fn alternatives(value: &Value) -> Result<Vec<Alternative>> {
    let mut any = Vec::new();
    for part in parts(value) {
        if part.0.is_empty() {
            let bar = value.0.iter().find(|token| is(token, '|'));
            return Err(Error::new_spanned(
                bar,
                "`|` is between two values, as in `\"/type\" = 2 | 4`",
            ));
        }
        let alternative = alternative(&part)?;
        if any.contains(&alternative) {
            let message = format!("`{}` is given twice", readable(part.tokens()));
            return Err(Error::new_spanned(part.tokens(), message));
        }
        any.push(alternative);
    }
    Ok(any)
}

fn alternative(value: &Value) -> Result<Alternative> {
    let [beginning @ .., dot, last] = value.0.as_slice() else {
        return scalar(value).map(Alternative::Is);
    };
    if !(is(dot, '.') && is(last, '.')) {
        return scalar(value).map(Alternative::Is);
    }
    match scalar(&Value(beginning.to_vec())) {
        Ok(Scalar::String(text)) => Ok(Alternative::StartsWith(text)),
        // The third dot of `...`.
        _ if beginning.last().is_some_and(|token| is(token, '.')) => Err(Error::new_spanned(
            value.tokens(),
            "a beginning ends with two dots, as in `\"/content\" = \"!\"..`",
        )),
        _ => Err(Error::new_spanned(
            value.tokens(),
            "only a string can be followed by `..`, as in `\"/content\" = \"!\"..`",
        )),
    }
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
        [TokenTree::Literal(_), dot, again, ..] if is(dot, '.') && is(again, '.') => {
            return error(
                "a filter cannot be a range: a string followed by `..` matches all strings that start with it",
            );
        }
        [TokenTree::Literal(_), second, ..] => {
            return Err(Error::new_spanned(
                second,
                format!("expected `,` or `|`, found `{second}`"),
            ));
        }
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
            return error(ARRAY);
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

const ARRAY: &str = "a filter's value cannot be an array: for one of several values write `1 | 2`";
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

    fn parsed(pointer: &str, value: TokenStream) -> Result<Field> {
        let pointer = LitStr::new(pointer, proc_macro2::Span::call_site());
        let value = Value(value.into_iter().collect());
        Field::parse(&pointer, Operator::Is, &value)
    }

    fn field(pointer: &str, value: TokenStream) -> Result<(Vec<String>, Scalar)> {
        let mut field = parsed(pointer, value)?;
        match field.any.pop() {
            Some(Alternative::Is(is)) if field.any.is_empty() => Ok((field.tokens, is)),
            _ => panic!("{field:?}"),
        }
    }

    #[test]
    fn several_values_and_beginnings_are_alternatives() {
        let any = |value| parsed("/x", value).unwrap().any;
        let integer = |it| Alternative::Is(Scalar::Integer(it));
        assert_eq!(any(quote!(2 | -4)), [integer(2), integer(-4)]);
        assert_eq!(
            any(quote!("vote:"..|null| "x")),
            [
                Alternative::StartsWith("vote:".to_owned()),
                Alternative::Is(Scalar::Null),
                Alternative::Is(Scalar::String("x".to_owned())),
            ]
        );
        for value in [quote!(| 2), quote!(2 |), quote!(2 || 4)] {
            assert!(error("/x", value).starts_with("`|` is between two values"));
        }
        assert_eq!(error("/x", quote!(2 | 4 | 2)), "`2` is given twice");
        assert!(error("/x", quote!(2..)).starts_with("only a string"));
        assert!(error("/x", quote!(null..)).starts_with("only a string"));
        assert!(error("/x", quote!("a".."b")).contains("cannot be a range"));
        assert!(error("/x", quote!("a"..="b")).contains("cannot be a range"));
        assert!(error("/x", quote!([1, 2])).contains("write `1 | 2`"));
        assert!(error("/id", quote!("1" | 2)).ends_with("write `\"/id\" = \"2\"`"));
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
        assert!(error("/x", quote!(1 "/y")).contains("expected `,` or `|`"));
        assert!(field("/paid", quote!(7)).is_ok() && field("/ids/0", quote!(7)).is_ok());
    }
}
