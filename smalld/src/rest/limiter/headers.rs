//! What a response says about rate limits, read with suspicion: anything may be missing or odd.

use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;

use crate::error::response::Response;

/// Nobody is told to wait for longer than a month; a larger number would only overflow clocks.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
    /// A header was there whose value means nothing.
    pub(crate) odd: bool,
}

/// What a 429 says, beyond its headers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TooMany {
    pub(crate) retry_after: Option<Duration>,
    pub(crate) global: bool,
    /// Whether it comes from the guard before Discord, which bans addresses and not bots.
    pub(crate) banned: bool,
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

    /// Whether there is a bucket to count for.
    pub(crate) fn count(&self) -> Option<(u32, u32)> {
        Some((self.limit?, self.remaining?))
    }
}

impl TooMany {
    pub(crate) fn read(response: &Response) -> Self {
        #[derive(Deserialize)]
        struct Body {
            retry_after: Option<f64>,
            #[serde(default)]
            global: bool,
        }
        let body = serde_json::from_slice::<Body>(response.bytes()).ok();
        // The body is exact, the header is whole seconds.
        let exact = body
            .as_ref()
            .and_then(|body| body.retry_after)
            .and_then(duration);
        let from_discord = response.header("via").is_some()
            || response
                .headers()
                .any(|(name, _)| name.starts_with("x-ratelimit-"));
        Self {
            retry_after: exact.or_else(|| seconds(response, "retry-after", &mut false)),
            global: body.as_ref().is_some_and(|body| body.global)
                || response.header("x-ratelimit-global") == Some("true"),
            banned: body.is_none() && !from_discord,
        }
    }
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

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .map(|time| time.min(LONGEST))
}

/// Held against the server's own clock: ours may be wrong by any amount.
fn until_reset(response: &Response, odd: &mut bool) -> Option<Duration> {
    let reset = response.header("x-ratelimit-reset")?.parse().ok();
    let reset = reset.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    *odd |= reset.is_none();
    let date = httpdate::parse_http_date(response.header("date")?).ok()?;
    let date = date.duration_since(UNIX_EPOCH).ok()?;
    Some(reset?.saturating_sub(date).min(LONGEST))
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
    fn odd_values_are_as_good_as_none() {
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
    fn reset_is_held_against_the_date_of_the_same_response() {
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
    fn the_body_of_a_429_is_more_exact_than_its_header() {
        let body = r#"{"message":"x","retry_after":0.731,"global":false}"#;
        let too_many = TooMany::read(&response(&[("retry-after", "1")], body));
        assert_eq!(too_many.retry_after, Some(Duration::from_millis(731)));
        assert!(!too_many.global && !too_many.banned);
        assert_eq!(
            TooMany::read(&response(&[("retry-after", "3")], "{}")).retry_after,
            Some(Duration::from_secs(3))
        );
    }

    #[test]
    fn a_page_without_a_trace_of_discord_is_a_ban() {
        assert!(TooMany::read(&response(&[("retry-after", "2700")], "<html>")).banned);
        assert!(!TooMany::read(&response(&[("via", "1.1 google")], "<html>")).banned);
    }
}
