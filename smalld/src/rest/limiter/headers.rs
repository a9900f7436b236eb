//! Rate limit headers of a response. Any of them may be missing or malformed.

use std::time::{Duration, UNIX_EPOCH};

use crate::error::Response;
use crate::retry_after;

/// Larger numbers have no meaning and would overflow clocks.
const MAX_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The rate limit headers of one response.
///
/// See [Discord Docs/Header Format](https://discord.com/developers/docs/topics/rate-limits#header-format).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LimitHeaders {
    pub(crate) bucket: Option<Box<str>>,
    pub(crate) limit: Option<u32>,
    pub(crate) remaining: Option<u32>,
    pub(crate) reset_after: Option<Duration>,
    pub(crate) scope: Option<Box<str>>,
    /// Whether a header has a meaningless value.
    pub(crate) odd: bool,
}

impl LimitHeaders {
    pub(crate) fn read(response: &Response) -> Self {
        let mut headers = Self::default();
        let mut odd = false;
        headers.bucket = response.header("x-ratelimit-bucket").map(Into::into);
        headers.scope = response.header("x-ratelimit-scope").map(Into::into);
        headers.limit = number(response, "x-ratelimit-limit", &mut odd);
        headers.remaining = number(response, "x-ratelimit-remaining", &mut odd);
        headers.reset_after = seconds(response, "x-ratelimit-reset-after", &mut odd)
            .or_else(|| until_reset(response, &mut odd));
        headers.odd = odd;
        headers
    }

    /// Limit and remaining requests, if both are there.
    pub(crate) fn count(&self) -> Option<(u32, u32)> {
        Some((self.limit?, self.remaining?))
    }
}

/// `Retry-After` of a response, which is in seconds or, from proxies, a date.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.header("retry-after")?;
    let wait = retry_after::parse(value, response.header("date"))?;
    Some(wait.min(MAX_WAIT))
}

fn number(response: &Response, name: &str, odd: &mut bool) -> Option<u32> {
    let text = response.header(name)?;
    let number = text.parse().ok();
    *odd |= number.is_none();
    number
}

fn seconds(response: &Response, name: &str, odd: &mut bool) -> Option<Duration> {
    let text = response.header(name)?;
    let time = text.parse().ok().and_then(duration);
    *odd |= time.is_none();
    time
}

pub(crate) fn duration(seconds: f64) -> Option<Duration> {
    let bounded = seconds.is_finite().then_some(seconds)?;
    Duration::try_from_secs_f64(bounded.min(MAX_WAIT.as_secs_f64())).ok()
}

/// Compared with the server's own clock, because ours may be wrong.
fn until_reset(response: &Response, odd: &mut bool) -> Option<Duration> {
    let reset = response.header("x-ratelimit-reset")?.parse().ok();
    let reset = reset.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    *odd |= reset.is_none();
    let date = httpdate::parse_http_date(response.header("date")?).ok()?;
    let date = date.duration_since(UNIX_EPOCH).ok()?;
    Some(reset?.saturating_sub(date).min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Response::new(429, headers.collect(), body.as_bytes().to_vec())
    }

    #[test]
    fn names_come_in_any_case() {
        let headers = LimitHeaders::read(&response(
            &[
                ("X-RateLimit-Bucket", "m"),
                ("x-ratelimit-limit", "5"),
                ("X-RATELIMIT-REMAINING", "4"),
                ("x-ratelimit-reset-after", "0.25"),
            ],
            "",
        ));
        assert_eq!(headers.bucket.as_deref(), Some("m"));
        assert_eq!(headers.count(), Some((5, 4)));
        assert_eq!(headers.reset_after, Some(Duration::from_millis(250)));
        assert!(!headers.odd);
    }

    #[test]
    fn malformed_values_are_ignored() {
        let headers = LimitHeaders::read(&response(
            &[
                ("x-ratelimit-remaining", "banana"),
                ("x-ratelimit-reset-after", "-1"),
            ],
            "",
        ));
        assert_eq!((headers.remaining, headers.reset_after), (None, None));
        assert!(headers.odd);
    }

    #[test]
    fn reset_is_compared_with_the_date_of_the_same_response() {
        let headers = LimitHeaders::read(&response(
            &[
                ("x-ratelimit-reset", "784111779.5"),
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ],
            "",
        ));
        assert_eq!(headers.reset_after, Some(Duration::from_millis(2500)));
    }

    #[test]
    fn retry_after_is_in_seconds_or_a_date() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let after = |value| retry_after(&response(&[("retry-after", value), date], ""));
        assert_eq!(after("3"), Some(Duration::from_secs(3)));
        let later = after("Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(later, Some(Duration::from_secs(30)));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(after("18446744073709551616"), Some(MAX_WAIT));
    }
}
