//! The name of an event as it is written in an attribute.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Error, LitStr, Result};

use crate::names::{self, EVENTS};

/// The name that an identifier stands for; it must be one of Discord's.
pub(crate) fn known_event(word: &Ident) -> Result<String> {
    let name = word.unraw().to_string();
    let message = match names::event(&name) {
        Some(event) if event == name => return Ok(names::wire(&name)),
        Some(event) => format!("an event is written in lower case here: `{event}`"),
        None => {
            let known: Vec<_> = EVENTS.iter().copied().chain(["ordered"]).collect();
            let nearest = names::nearest(&name, &known);
            let first =
                names::did_you_mean(format!("no gateway event is called `{name}`"), nearest);
            format!(
                "{first}\nan event that is newer than smalld is written as a string: `\"{}\"`",
                names::wire(&name)
            )
        }
    };
    Err(Error::new_spanned(word, message))
}

/// A name as it stands in the JSON, known or not.
pub(crate) fn any_event(text: &LitStr, write: impl Fn(&str) -> String) -> Result<String> {
    let name = text.value();
    let message = match names::event(&name) {
        _ if name.is_empty() => "the name of an event cannot be empty".to_owned(),
        _ if name.starts_with('/') => pointer_without_value(&name),
        _ if !name.chars().any(char::is_lowercase) => return Ok(name),
        Some(event) => format!(
            "Discord writes the names of events in upper case: {}",
            write(event)
        ),
        None => format!(
            "Discord writes the names of events in upper case: write `\"{}\"`",
            names::wire(&name)
        ),
    };
    Err(Error::new_spanned(text, message))
}

pub(crate) fn pointer_without_value(pointer: &str) -> String {
    format!("no value for `{pointer}`: write it after a `=`, as in `\"{pointer}\" = \"text\"`")
}
