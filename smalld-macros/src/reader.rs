//! Reading of arguments that several attributes have. Mistakes are collected, so that all are reported.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{LitStr, Path, Result};

use crate::arguments::{self, Argument, Operator, Value};
use crate::event::any_event;
use crate::filter::{Filter, Kind, default_smalld};
use crate::mistakes::Mistakes;
use crate::names;
use crate::pointer::Field;

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) mistakes: Mistakes,
    smalld: Option<Path>,
    pub(crate) t: Vec<String>,
    pub(crate) words: Vec<Ident>,
    fields: Vec<Field>,
    ordered: bool,
}

impl Reader {
    pub(crate) fn split(&mut self, arguments: TokenStream) -> Vec<Argument> {
        arguments::split(arguments, &mut self.mistakes)
    }

    pub(crate) fn event(&mut self, written: &impl ToTokens, name: Result<String>) {
        match self.mistakes.keep(name) {
            Some(name) if self.t.contains(&name) => {
                self.mistakes
                    .at(written, format!("`{name}` is named twice"));
            }
            name => self.t.extend(name),
        }
    }

    pub(crate) fn field(&mut self, pointer: &LitStr, operator: Operator, value: &Value) {
        let Some(field) = self.mistakes.keep(Field::parse(pointer, operator, value)) else {
            return;
        };
        let has_value = |it: &&Field| it.operator == Operator::Is && it.tokens == field.tokens;
        let first = self.fields.iter().find(has_value);
        match first.filter(|_| operator == Operator::Is) {
            Some(first) => {
                let message = format!(
                    "`{0}` already has a value, and all filters must match; for either of two values write `\"{0}\" = {1} | {2}`",
                    field.pointer, first.written, field.written
                );
                self.mistakes.at(pointer, message);
            }
            None => self.fields.push(field),
        }
    }

    pub(crate) fn ordered(&mut self, word: &Ident) {
        if self.ordered {
            self.twice(word);
        }
        self.ordered = true;
    }

    pub(crate) fn smalld(&mut self, key: &Ident, value: &Value) {
        let tokens = value.tokens();
        let path = syn::parse::Parser::parse2(Path::parse_mod_style, tokens.clone());
        match path {
            _ if self.smalld.is_some() => self.twice(key),
            Ok(path) => self.smalld = Some(path),
            Err(_) => self.mistakes.at(
                tokens,
                "the path to a renamed smalld has no quotes, as in `crate = ::my_smalld`",
            ),
        }
    }

    pub(crate) fn t(&mut self, value: &Value) -> Option<LitStr> {
        let Ok(text) = syn::parse2::<LitStr>(value.tokens()) else {
            self.mistakes.at(
                value.tokens(),
                "`t` must be a string, as in `t = \"MESSAGE_CREATE\"`",
            );
            return None;
        };
        let name = any_event(&text, |name| format!("write `\"{}\"`", names::wire(name)));
        self.mistakes.keep(name).map(|_| text)
    }

    pub(crate) fn twice(&mut self, key: &Ident) {
        self.mistakes.at(key, format!("`{key}` is given twice"));
    }

    pub(crate) fn unknown_word(&mut self, word: &Ident) {
        let message = format!(
            "unknown argument `{word}`: expected `op = ..`, `t = ..`, `\"/pointer\" = ..`, `ordered` or `crate = ..`"
        );
        let nearest = names::nearest(&word.unraw().to_string(), &["ordered"]);
        self.mistakes
            .at(word, names::did_you_mean(message, nearest));
    }

    pub(crate) fn unknown(&mut self, key: &Ident, value: &Value, known: &[&str]) {
        let name = key.unraw().to_string();
        let guessed = match name.as_str() {
            "opcode" => "op",
            "event" | "name" => "t",
            name => name,
        };
        let message = match names::nearest(guessed, known) {
            _ if name == "ordered" => "`ordered` takes no value".to_owned(),
            Some(nearest) => names::did_you_mean(format!("unknown option `{key}`"), Some(nearest)),
            None => format!(
                "unknown option `{key}`; a filter is a JSON pointer, as in `\"/{name}\" = {}`",
                value.tokens()
            ),
        };
        self.mistakes.at(key, message);
    }

    pub(crate) fn finish(self, op: Option<u8>, whole: bool) -> Result<Filter> {
        let Self {
            mistakes,
            smalld,
            t,
            words,
            fields,
            ordered,
        } = self;
        mistakes.into_result()?;
        let smalld = smalld.map_or_else(default_smalld, Path::into_token_stream);
        Ok(Filter {
            smalld,
            kind: Kind::Event,
            op,
            t,
            words,
            fields,
            whole,
            ordered,
        })
    }
}
