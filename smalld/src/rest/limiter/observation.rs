//! Observation of a response, for the limiter. It is made before the limiter is locked.

use std::time::Duration;

use crate::error::{RateLimitScope as Scope, Response};
use crate::rest::limiter::headers::{LimitHeaders, duration, retry_after};

/// A `Retry-After` of at least this, in a response that is not Discord's, means a ban. Bans last
/// for minutes to hours; limits of ordinary proxies last for seconds, up to a minute.
const MIN_BAN: Duration = Duration::from_secs(120);

/// A response as the limiter sees it.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) status: u16,
    pub(crate) limits: LimitHeaders,
    /// Only with status 429.
    pub(crate) too_many: Option<TooMany>,
}

/// What a 429 says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TooMany {
    pub(crate) retry_after: Option<Duration>,
    pub(crate) scope: Scope,
}

/// Content of the JSON body of a 429.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitBody {
    /// In seconds, and more precise than the header.
    pub(crate) retry_after: Option<f64>,
    pub(crate) global: bool,
}

impl Observation {
    /// `body` is that of a 429, if it is a JSON object.
    pub(crate) fn new(response: &Response, body: Option<LimitBody>) -> Self {
        let limits = LimitHeaders::read(response);
        let too_many = (response.status == 429).then(|| TooMany::new(response, &limits, body));
        Self {
            status: response.status,
            limits,
            too_many,
        }
    }
}

impl TooMany {
    fn new(response: &Response, limits: &LimitHeaders, body: Option<LimitBody>) -> Self {
        let exact = body.and_then(|body| body.retry_after).and_then(duration);
        let retry_after = exact.or_else(|| retry_after(response));
        let is_discord = body.is_some()
            || response.header("via").is_some()
            || response
                .headers()
                .any(|(name, _)| name.starts_with("x-ratelimit-"));
        let is_global = body.is_some_and(|body| body.global)
            || response.header("x-ratelimit-global") == Some("true");
        let scope = match limits.scope.as_deref() {
            // A server in front of Discord knows this address and no buckets. If it gives no time,
            // this counts as a ban, which must not be tested by requests.
            _ if !is_discord && retry_after.is_none_or(|wait| wait >= MIN_BAN) => Scope::Address,
            _ if is_global || !is_discord => Scope::Global,
            Some("shared") => Scope::Shared,
            _ => Scope::User,
        };
        Self { retry_after, scope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_many(headers: &[(&str, &str)], body: Option<LimitBody>) -> TooMany {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let response = Response::new(429, headers.collect(), Vec::new());
        Observation::new(&response, body).too_many.unwrap()
    }

    fn body(retry_after: f64, global: bool) -> LimitBody {
        LimitBody {
            retry_after: Some(retry_after),
            global,
        }
    }

    #[test]
    fn the_body_is_more_exact_than_the_header() {
        let retry_after = ("retry-after", "1");
        let exact = too_many(&[retry_after], Some(body(0.731, false)));
        assert_eq!(exact.retry_after, Some(Duration::from_millis(731)));
        assert_eq!(exact.scope, Scope::User);
        let header = too_many(&[retry_after], Some(LimitBody::default()));
        assert_eq!(header.retry_after, Some(Duration::from_secs(1)));
    }

    #[test]
    fn headers_and_body_tell_the_scope() {
        let shared = ("x-ratelimit-scope", "shared");
        assert_eq!(
            too_many(&[shared], Some(body(1.0, false))).scope,
            Scope::Shared
        );
        assert_eq!(
            too_many(&[shared], Some(body(1.0, true))).scope,
            Scope::Global
        );
        let global = ("x-ratelimit-global", "true");
        assert_eq!(too_many(&[global], None).scope, Scope::Global);
        assert_eq!(too_many(&[("via", "1.1 google")], None).scope, Scope::User);
    }

    #[test]
    fn a_page_without_a_trace_of_discord_is_a_ban_only_for_minutes_or_without_a_time() {
        let scope = |retry_after| too_many(&[("retry-after", retry_after)], None).scope;
        for seconds in ["0", "1", "30", "60"] {
            assert_eq!(scope(seconds), Scope::Global, "{seconds}");
        }
        for seconds in ["120", "900", "2700", "86400", "soon"] {
            assert_eq!(scope(seconds), Scope::Address, "{seconds}");
        }
        assert_eq!(too_many(&[], None).scope, Scope::Address);
    }
}
