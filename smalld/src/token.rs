//! Token of a bot: a secret that is never printed.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;

/// A bot token without its `Bot ` prefix. Its `Debug` output does not contain the token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Arc<str>);

impl Token {
    /// Accepts a token with or without `Bot `, and with white space around it.
    pub(crate) fn new(given: &str) -> Result<Self, Error> {
        let trimmed = given.trim();
        let bare = trimmed.strip_prefix("Bot ").unwrap_or(trimmed).trim_start();
        if bare.is_empty() {
            return Err(Error::config(MISSING));
        }
        if !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "the bot token contains white space or characters that are not allowed in a token: \
                 copy it again from Discord's developer portal (Bot, Reset Token)",
            ));
        }
        Ok(Self(bare.into()))
    }

    pub(crate) fn from_env() -> Result<Self, Error> {
        let given = std::env::var("SMALLD_TOKEN").map_err(|_| Error::config(MISSING))?;
        Self::new(&given)
    }

    /// The token without a prefix, as the gateway expects it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

const MISSING: &str = "the bot token is missing: set `SMALLD_TOKEN`, or use `smalld::run!(token = ..)` or \
    `SmallD::builder().token(..)`; to try the bot without a token, run it in the sandbox: \
    `cargo run -p smalld-sandbox -- cargo run`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_white_space_are_removed() {
        assert_eq!(Token::new(" Bot abc.def \n").unwrap().expose(), "abc.def");
        assert_eq!(Token::new("abc.def").unwrap().expose(), "abc.def");
    }

    #[test]
    fn an_empty_token_is_an_error_that_names_the_ways_to_set_one() {
        let message = Token::new("  ").unwrap_err().to_string();
        assert!(
            message.contains("SMALLD_TOKEN") && message.contains("sandbox"),
            "{message}"
        );
    }

    #[test]
    fn a_token_with_inner_white_space_is_an_error_that_does_not_show_it() {
        let message = Token::new("secret token").unwrap_err().to_string();
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert_eq!(format!("{:?}", Token::new("abc.def").unwrap()), "Token(..)");
    }
}
