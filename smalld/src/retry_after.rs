//! The header `Retry-After`, which Discord and the proxies in front of it send.

use std::time::Duration;

use httpdate::parse_http_date;

/// Parses the value: seconds, however many, or a date. A date is compared with the `Date` of the same
/// response, because our clock may be wrong by any amount.
pub(crate) fn parse(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        let is_time = seconds.is_finite() && seconds >= 0.0;
        return is_time.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let end = parse_http_date(value).ok()?;
    let now = parse_http_date(date?).ok()?;
    Some(end.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_seconds_or_a_date() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (value, expected) in [
            ("30", seconds(30)),
            (" 30 ", seconds(30)),
            ("0.5", Some(Duration::from_millis(500))),
            ("18446744073709551616", Some(Duration::MAX)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", seconds(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", seconds(0)),
            ("", None),
            ("-1", None),
            ("inf", None),
            ("soon", None),
        ] {
            assert_eq!(parse(value, date), expected, "{value}");
        }
        assert_eq!(parse("Sun, 06 Nov 1994 08:50:07 GMT", None), None);
    }
}
