//! Retries: which failures are worth another attempt, and after which wait. Pure.
//!
//! A request that cannot have arrived is sent again. One that may have arrived is sent again if
//! sending it twice has the same effect as once ([`safety`]), or if the caller allows it
//! (`Request::retry`). This applies to broken connections, timeouts and the statuses of servers in
//! trouble ([`is_passing`]).

use std::time::Duration;

use reqwest::Method;
use serde::de::IgnoredAny;

use crate::rest::limiter::route::Kind;

const MAX_RETRIES: u32 = 4;
/// An interaction has to be answered within three seconds; there is time for one more attempt.
const MAX_CALLBACK_RETRIES: u32 = 1;
const CALLBACK_BACKOFF: Duration = Duration::from_millis(200);

/// What makes it safe to send a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Sending it twice has the same effect as once.
    Idempotent,
    /// It is sent again only if it cannot have arrived.
    Once,
}

/// GET, PUT and DELETE are idempotent by [RFC 9110 section 9.2.2]. So is a message with
/// `enforce_nonce`, because Discord returns the first one, and the answer to an interaction,
/// because Discord accepts only one (40060). Nothing else that may have arrived is sent again.
///
/// [RFC 9110 section 9.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
pub(crate) fn safety(method: &Method, kind: Kind, payload: &[u8]) -> Safety {
    #[derive(serde::Deserialize)]
    struct Message {
        nonce: Option<IgnoredAny>,
        enforce_nonce: bool,
    }
    let guarded = || {
        let message = serde_json::from_slice::<Message>(payload);
        message.is_ok_and(|message| message.nonce.is_some() && message.enforce_nonce)
    };
    match *method {
        Method::GET | Method::PUT | Method::DELETE => Safety::Idempotent,
        _ if kind == Kind::Callback => Safety::Idempotent,
        _ if guarded() => Safety::Idempotent,
        _ => Safety::Once,
    }
}

/// Temporary failures of servers and proxies. Other statuses are responses.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504 | 520..=524)
}

/// The wait before another attempt, after so many that failed: 1, 2, 4, 8 seconds and up to half
/// as much again, so that many bots do not come back together. `None` when it is time to give up.
/// `random` is in `0.0..1.0`.
pub(crate) fn wait(kind: Kind, failed: u32, random: f64) -> Option<Duration> {
    let (max_retries, first) = match kind {
        Kind::Callback => (MAX_CALLBACK_RETRIES, CALLBACK_BACKOFF),
        _ => (MAX_RETRIES, Duration::from_secs(1)),
    };
    let base = first * (1 << failed.min(max_retries).checked_sub(1)?);
    (failed <= max_retries).then(|| base + base.mul_f64(random / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_may_have_arrived_is_not_repeated() {
        let safety = |method, payload: &[u8]| safety(&method, Kind::Bot, payload);
        assert_eq!(safety(Method::GET, b""), Safety::Idempotent);
        assert_eq!(safety(Method::POST, b"{}"), Safety::Once);
        assert_eq!(safety(Method::PATCH, br#"{"nonce":"1"}"#), Safety::Once);
        assert_eq!(
            safety(Method::POST, br#"{"enforce_nonce":true}"#),
            Safety::Once
        );
        let guarded = br#"{"content":"hi","nonce":"1","enforce_nonce":true}"#;
        assert_eq!(safety(Method::POST, guarded), Safety::Idempotent);
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (1..=5)
            .map(|failed| wait(Kind::Bot, failed, 0.0).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), Some(8), None]);
        let longest = wait(Kind::Bot, 1, 0.99).map(|wait| wait.as_millis());
        assert_eq!(longest, Some(1495));
    }

    #[test]
    fn an_interaction_is_answered_soon_or_not() {
        assert_eq!(
            safety(&Method::POST, Kind::Callback, b"{}"),
            Safety::Idempotent
        );
        let first = wait(Kind::Callback, 1, 0.99).unwrap();
        assert!(first <= Duration::from_millis(300), "{first:?}");
        assert_eq!(wait(Kind::Callback, 2, 0.0), None);
    }
}
