//! The query: what follows `?` in a URL.

use percent_encoding::percent_decode_str;

use super::error::Error;
use crate::world::Page;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp;

/// Names and values, decoded, in order.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
}

/// The value of `limit`, from 1 to `most`, or the usual one.
pub(crate) fn limit(query: &str, usual: usize, most: usize) -> Result<usize, Error> {
    let Some((_, value)) = pairs(query).find(|(name, _)| name == "limit") else {
        return Ok(usual);
    };
    let wrong = |code, message: &str| Error::of_field(&["limit"], code, message);
    let limit: i64 = value.parse().map_err(|_| {
        wrong(
            "NUMBER_TYPE_COERCE",
            &format!("Value \"{value}\" is not int."),
        )
    })?;
    match usize::try_from(limit) {
        Ok(limit) if limit > most => Err(wrong(
            "NUMBER_TYPE_MAX",
            &format!("int value should be less than or equal to {most}."),
        )),
        Ok(limit @ 1..) => Ok(limit),
        _ => Err(wrong(
            "NUMBER_TYPE_MIN",
            "int value should be greater than or equal to 1.",
        )),
    }
}

/// The page that `around`, `before` or `after` asks for; the last of them counts.
pub(crate) fn page(query: &str) -> Result<Page, Error> {
    let mut page = Page::Newest;
    for (name, value) in pairs(query) {
        let bound: fn(Snowflake) -> Page = match name.as_str() {
            "around" => Page::Around,
            "before" => Page::Before,
            "after" => Page::After,
            _ => continue,
        };
        page = bound(id(&name, &value)?);
    }
    Ok(page)
}

/// Whether a flag is set: `true` or `1`.
pub(crate) fn flag(query: &str, name: &str) -> bool {
    let value = pairs(query).find(|(known, _)| known == name);
    value.is_some_and(|(_, value)| value.eq_ignore_ascii_case("true") || value == "1")
}

/// The id in a field of this name.
pub(crate) fn id_in(query: &str, key: &str) -> Result<Option<Snowflake>, Error> {
    let pair = pairs(query).find(|(name, _)| name == key);
    pair.map(|(name, value)| id(&name, &value)).transpose()
}

/// The id before which a list ends.
pub(crate) fn before(query: &str) -> Result<Option<Snowflake>, Error> {
    let before = pairs(query).find(|(name, _)| name == "before");
    before.map(|(name, value)| id(&name, &value)).transpose()
}

/// The id after which a list begins.
pub(crate) fn after(query: &str) -> Result<Option<Snowflake>, Error> {
    let after = pairs(query).find(|(name, _)| name == "after");
    after.map(|(name, value)| id(&name, &value)).transpose()
}

/// A time as ISO 8601, in milliseconds since 1970.
pub(crate) fn time(name: &str, value: &str) -> Result<u64, Error> {
    let message = "Could not parse date. Should be ISO8601.";
    let time = timestamp::parse_iso8601(value);
    time.ok_or_else(|| Error::of_field(&[name], "DATE_TIME_TYPE_PARSE", message))
}

/// The id in a value of the query.
pub(crate) fn id(name: &str, value: &str) -> Result<Snowflake, Error> {
    let message = format!("Value \"{value}\" is not snowflake.");
    Snowflake::parse(value).ok_or_else(|| Error::of_field(&[name], "NUMBER_TYPE_COERCE", &message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let found: Vec<_> = pairs("a=1&b=%C3%BC+x&c&").collect();
        let expected = [("a", "1"), ("b", "ü x"), ("c", "")];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_limit_has_bounds() {
        assert_eq!(limit("", 50, 100).ok(), Some(50));
        assert_eq!(limit("limit=100", 50, 100).ok(), Some(100));
        for wrong in ["limit=0", "limit=-1", "limit=101", "limit=x", "limit="] {
            assert!(limit(wrong, 50, 100).is_err(), "{wrong}");
        }
    }
}
