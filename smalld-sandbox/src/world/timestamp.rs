//! Times as Discord writes them, and the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, now.
pub(crate) fn now_millis() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// ISO 8601 with microseconds and offset, such as `2027-01-15T08:00:00.123000+00:00`.
pub(crate) fn iso8601(millis: u64) -> String {
    let (days, in_day) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, milli) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}000+00:00")
}

/// A time as ISO 8601, such as `2027-01-15T08:00:00Z` or with fractions of a second and an offset, in
/// milliseconds since 1970. None for anything else, and for times before 1970.
pub(crate) fn parse_iso8601(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let zone = time.find(['Z', 'z', '+', '-']);
    let (clock, zone) = zone.map_or((time, "Z"), |place| time.split_at(place));
    let number = |text: &str, digits: usize| -> Option<u64> {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let mut date = date.split('-');
    let (year, month) = (number(date.next()?, 4)?, number(date.next()?, 2)?);
    let day = number(date.next()?, 2)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.split(':');
    let (hour, minute) = (number(clock.next()?, 2)?, number(clock.next()?, 2)?);
    let second = clock.next().map_or(Some(0), |second| number(second, 2))?;
    let is_valid = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let in_day = (hour * 60 + minute) * 60 + second;
    let local = (days(year, month, day) * 86_400 + in_day) * 1000 + millis;
    is_valid.then(|| shifted(local, zone))?
}

/// Removes the offset of a zone from a local time.
fn shifted(local: u64, zone: &str) -> Option<u64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(local);
    }
    let (sign, offset) = zone.split_at(1);
    let offset = offset.replace(':', "");
    if offset.len() != 4 || !offset.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (u64, u64) = (offset[..2].parse().ok()?, offset[2..].parse().ok()?);
    let offset = (hours * 60 + minutes) * 60_000;
    if sign == "+" {
        local.checked_sub(offset)
    } else {
        local.checked_add(offset)
    }
}

/// Year, month and day as days since 1970: the inverse of [`civil`], by the same author.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day.max(1) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).saturating_sub(719_468)
}

/// Days since 1970 as year, month and day, by Howard Hinnant's `civil_from_days`: eras of 400 years
/// whose years begin in March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_discords_format() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(
            iso8601(1_709_210_096_789),
            "2024-02-29T12:34:56.789000+00:00"
        );
        assert_eq!(
            iso8601(1_735_689_599_999),
            "2024-12-31T23:59:59.999000+00:00"
        );
        assert_eq!(
            iso8601(1_800_000_000_123),
            "2027-01-15T08:00:00.123000+00:00"
        );
    }

    #[test]
    fn times_of_every_form_are_parsed() {
        for millis in [0, 1_709_210_096_789, 1_735_689_599_999, 1_800_000_000_123] {
            assert_eq!(parse_iso8601(&iso8601(millis)), Some(millis));
        }
        let time = Some(1_800_000_000_000);
        assert_eq!(parse_iso8601("2027-01-15T08:00:00Z"), time);
        assert_eq!(parse_iso8601("2027-01-15T10:30:00+02:30"), time);
        assert_eq!(parse_iso8601("2027-01-15T07:00-0100"), time);
        for text in [
            "",
            "soon",
            "2027-13-01T00:00:00Z",
            "2027-01-15",
            "2027-01-15T08:00:00+x",
        ] {
            assert_eq!(parse_iso8601(text), None, "{text}");
        }
    }
}
