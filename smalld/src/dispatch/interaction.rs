//! Parameters of handlers of interactions: the interaction, the options of a command, the fields of a
//! modal.

use serde::de::DeserializeOwned;

use crate::bot::SmallD;
use crate::dispatch::extract::FromEvent;
use crate::error::BoxError;
use crate::event::Payload;
use crate::interaction::{Fields, Focused, Interaction, Options, fields, options};

impl FromEvent<'_> for Interaction {
    fn from_event(bot: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        Interaction::read(bot, payload)
    }
}

impl<T: DeserializeOwned> FromEvent<'_> for Options<T> {
    fn from_event(_: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        options::read(payload.d()).map(Self)
    }
}

impl<T: DeserializeOwned> FromEvent<'_> for Fields<T> {
    fn from_event(_: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        fields::read(payload.d()).map(Self)
    }
}

impl FromEvent<'_> for Focused {
    fn from_event(_: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        let (name, text) = options::focused(payload.d())?
            .ok_or("no option is focused: is this event an autocomplete?")?;
        Ok(Self { name, text })
    }
}
