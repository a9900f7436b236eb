//! Secrets of a request, which no message may contain.
//!
//! Servers and proxies can echo requests: a debug page shows the `Authorization` header, and a page
//! for an unknown route shows the path with the token of a webhook.

use std::borrow::Cow;
use std::sync::Arc;

const MASK: &str = "***";
/// Anything shorter is not one of Discord's tokens, and could be part of ordinary words.
const MIN_LENGTH: usize = 8;

/// The secrets that a request carried. Has no `Debug` on purpose.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// The bot's token, shared by all of its requests.
    token: Option<Arc<str>>,
    /// Secrets of this request alone: another authorization, tokens in its path.
    own: Vec<Box<str>>,
}

impl Secrets {
    pub(crate) fn new(token: Arc<str>, own: Vec<Box<str>>) -> Self {
        Self {
            token: Some(token),
            own,
        }
    }

    fn each(&self) -> impl Iterator<Item = &str> {
        let token = self.token.as_deref().into_iter();
        let own = self.own.iter().map(|own| &**own);
        token.chain(own).filter(|it| it.len() >= MIN_LENGTH)
    }

    /// The text without the secrets.
    pub(crate) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.each() {
            if text.len() >= secret.len() && text.contains(secret) {
                text = Cow::Owned(text.replace(secret, MASK));
            }
        }
        text
    }

    /// The same for bytes that need not be UTF-8.
    pub(crate) fn redact_bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for secret in self.each() {
            let mut rest = 0;
            let mut clean = Vec::new();
            while let Some(found) = position(&bytes[rest..], secret.as_bytes()) {
                clean.extend_from_slice(&bytes[rest..rest + found]);
                clean.extend_from_slice(MASK.as_bytes());
                rest += found + secret.len();
            }
            if rest > 0 {
                clean.extend_from_slice(&bytes[rest..]);
                bytes = clean;
            }
        }
        bytes
    }
}

fn position(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(secret.len());
    windows.position(|window| window == secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let own = vec!["webhook-token".into(), "short".into()];
        Secrets::new("MTA3.secret.token".into(), own)
    }

    #[test]
    fn every_secret_is_masked_wherever_it_stands() {
        let text = "Bot MTA3.secret.token, /webhooks/7/webhook-token, MTA3.secret.token";
        let masked = "Bot ***, /webhooks/7/***, ***";
        assert_eq!(secrets().redact(text), masked);
        assert_eq!(secrets().redact_bytes(text.into()), masked.as_bytes());
        let odd = [b"\xff", text.as_bytes(), b"\xfe"].concat();
        let clean = [b"\xff", masked.as_bytes(), b"\xfe"].concat();
        assert_eq!(secrets().redact_bytes(odd), clean);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        assert!(matches!(secrets().redact("a short text"), Cow::Borrowed(_)));
        assert_eq!(secrets().redact_bytes(b"short".to_vec()), b"short");
        assert_eq!(secrets().redact_bytes(Vec::new()), b"");
    }
}
