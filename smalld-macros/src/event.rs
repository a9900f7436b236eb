//! Event names as written in an attribute.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Error, LitStr, Result};

use crate::names::{self, EVENTS};

/// The event that an identifier names. It must be one of Discord's.
pub(crate) fn known_event(word: &Ident) -> Result<String> {
    let name = word.unraw().to_string();
    let message = match names::event(&name) {
        Some(event) if event == name => return Ok(names::wire(&name)),
        Some(event) => format!("event names are lower case here: write `{event}`"),
        None => {
            let known: Vec<_> = EVENTS.iter().copied().chain(["ordered"]).collect();
            let nearest = names::nearest(&name, &known);
            let first =
                names::did_you_mean(format!("no gateway event is called `{name}`"), nearest);
            format!(
                "{first}\nfor an event that is newer than smalld write a string: `\"{}\"`",
                names::wire(&name)
            )
        }
    };
    Err(Error::new_spanned(word, message))
}

/// A name as in the JSON, known or not.
pub(crate) fn any_event(text: &LitStr, write: impl Fn(&str) -> String) -> Result<String> {
    let name = text.value();
    let message = match names::event(&name) {
        _ if name.is_empty() => "an event name cannot be empty".to_owned(),
        _ if name.starts_with('/') => pointer_without_value(&name),
        _ if !name.chars().any(char::is_lowercase) => return Ok(name),
        Some(event) => format!("Discord writes event names in upper case: {}", write(event)),
        None => format!(
            "Discord writes event names in upper case: write `\"{}\"`",
            names::wire(&name)
        ),
    };
    Err(Error::new_spanned(text, message))
}

pub(crate) fn pointer_without_value(pointer: &str) -> String {
    format!("no value for `{pointer}`: write it after `=`, as in `\"{pointer}\" = \"text\"`")
}
