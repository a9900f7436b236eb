//! Arguments of an attribute, split at their commas. `filter` decides what they mean.

use std::fmt;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::{Error, LitStr, Result};

use crate::mistakes::Mistakes;

/// One argument.
pub(crate) enum Argument {
    /// `message_create`
    Word(Ident),
    /// `"MESSAGE_CREATE"`
    Text(LitStr),
    /// `op = 0`
    Option(Ident, Value),
    /// `"/type" = 2`
    Field(LitStr, Operator, Value),
}

/// What is between a filter's pointer and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `=`
    Is,
    /// `!=`
    IsNot,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Is => "=",
            Self::IsNot => "!=",
        })
    }
}

/// The tokens after an operator, at least one.
pub(crate) struct Value(pub(crate) Vec<TokenTree>);

impl Value {
    pub(crate) fn tokens(&self) -> TokenStream {
        self.0.iter().cloned().collect()
    }
}

/// Splits the arguments. A malformed one is reported and skipped, so that the others are still
/// checked.
pub(crate) fn split(arguments: TokenStream, mistakes: &mut Mistakes) -> Vec<Argument> {
    let tokens = flat(arguments);
    let mut found = Vec::new();
    for part in tokens.split_inclusive(|token| is(token, ',')) {
        match part {
            [comma] if is(comma, ',') => mistakes.at(comma, "expected an argument before this `,`"),
            [part @ .., comma] if is(comma, ',') => found.extend(mistakes.keep(argument(part))),
            part => found.extend(mistakes.keep(argument(part))),
        }
    }
    found
}

/// Opens the invisible groups in which `macro_rules!` passes tokens on.
fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut flattened = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flattened.extend(flat(group.stream()));
            }
            token => flattened.push(token),
        }
    }
    flattened
}

pub(crate) fn is(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

fn argument(tokens: &[TokenTree]) -> Result<Argument> {
    let (key, rest) = tokens
        .split_first()
        .expect("a part between commas is not empty");
    let value = match rest {
        [] => None,
        [not, equals, rest @ ..] if is(not, '!') && is(equals, '=') => {
            Some((Operator::IsNot, value(key, Operator::IsNot, equals, rest)?))
        }
        [equals, rest @ ..] if is(equals, '=') => {
            Some((Operator::Is, value(key, Operator::Is, equals, rest)?))
        }
        [colon, again, ..] if is(colon, ':') && is(again, ':') => {
            let message = "an event is written without a path, as in `message_create`";
            return Err(Error::new_spanned(colon, message));
        }
        [other, ..] => {
            let expected = match key {
                TokenTree::Literal(_) => "`,`, `=` or `!=`",
                _ => "`,` or `=`",
            };
            let message = format!("expected {expected}, found `{other}`");
            return Err(Error::new_spanned(other, message));
        }
    };
    let text = |literal| syn::parse2::<LitStr>(TokenTree::Literal(literal).into());
    match (key.clone(), value) {
        (TokenTree::Ident(word), None) => Ok(Argument::Word(word)),
        (TokenTree::Ident(key), Some((Operator::Is, value))) => Ok(Argument::Option(key, value)),
        (TokenTree::Ident(key), Some((Operator::IsNot, _))) => Err(Error::new_spanned(
            rest.first(),
            format!("only a filter can have `!=`, as in `\"/type\" != 2`: write `{key} = ..`"),
        )),
        (TokenTree::Literal(key), value) if text(key.clone()).is_ok() => {
            let key = text(key)?;
            Ok(match value {
                None => Argument::Text(key),
                Some((operator, value)) => Argument::Field(key, operator, value),
            })
        }
        _ => Err(Error::new_spanned(
            key,
            format!("expected a name or a string, found `{key}`"),
        )),
    }
}

/// The value after an operator, of which `last` is the last token.
fn value(
    key: &TokenTree,
    operator: Operator,
    last: &TokenTree,
    rest: &[TokenTree],
) -> Result<Value> {
    match rest {
        [] => Err(Error::new_spanned(
            last,
            format!("no value after `{key} {operator}`"),
        )),
        [again, ..] if is(again, '=') => Err(Error::new_spanned(
            again,
            format!("write `=` once, as in `{key} {operator} ..`"),
        )),
        value => Ok(Value(value.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn shapes(arguments: TokenStream) -> String {
        let mut mistakes = Mistakes::default();
        let shape = |argument| match argument {
            Argument::Word(_) => 'w',
            Argument::Text(_) => 't',
            Argument::Option(..) => 'o',
            Argument::Field(_, Operator::Is, _) => 'f',
            Argument::Field(_, Operator::IsNot, _) => 'n',
        };
        let shapes: String = split(arguments, &mut mistakes)
            .into_iter()
            .map(shape)
            .collect();
        let errors = mistakes.into_result().err().into_iter().flatten();
        let errors: Vec<_> = errors.map(|error| error.to_string()).collect();
        format!("{shapes} {}", errors.join("; "))
    }

    #[test]
    fn arguments_are_words_texts_options_and_fields() {
        assert_eq!(shapes(quote!()), " ");
        assert_eq!(
            shapes(quote!(a, "B", c = ::d::e, "/f" = -1, "/g" != 2,)),
            "wtofn "
        );
    }

    #[test]
    fn a_malformed_operator_is_named() {
        assert_eq!(
            shapes(quote!("/a" !=, "/b" !== 1, "/c" ! 1, op != 1)),
            " no value after `\"/a\" !=`; write `=` once, as in `\"/b\" != ..`; \
             expected `,`, `=` or `!=`, found `!`; \
             only a filter can have `!=`, as in `\"/type\" != 2`: write `op = ..`"
        );
    }

    #[test]
    fn a_mistake_does_not_hide_others() {
        assert_eq!(
            shapes(quote!(a b, c, , d =, "/e" == 1, 7)),
            "w expected `,` or `=`, found `b`; expected an argument before this `,`; \
             no value after `d =`; write `=` once, as in `\"/e\" = ..`; \
             expected a name or a string, found `7`"
        );
    }
}
