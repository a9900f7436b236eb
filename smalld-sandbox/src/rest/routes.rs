//! Table of Discord's documented routes, and the search for the route of a request.
//!
//! `routes.csv` has one line for each of them: the method, the template of the path, the name of the
//! operation, and whether it works without the bot's token.

use std::sync::OnceLock;

use percent_encoding::percent_decode_str;

use super::error::{self, Error};

const TABLE: &str = include_str!("routes.csv");

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) operation: &'static str,
    /// Whether it works without an `Authorization` header.
    pub(crate) is_public: bool,
}

/// A route, and the values that stand in the placeholders of its template.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) values: Vec<(&'static str, String)>,
}

/// Every documented route, in the order of the table.
pub(crate) fn all() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| TABLE.lines().skip(1).filter_map(route).collect())
}

fn route(line: &'static str) -> Option<Route> {
    let mut columns = line.split(',');
    Some(Route {
        method: columns.next()?,
        template: columns.next()?,
        operation: columns.next()?,
        is_public: columns.next()? == "y",
    })
}

/// The route of a request. `path` is what follows `/api/v10`, as it was sent.
///
/// # Errors
///
/// 404 if no route has this path, 405 if only other methods have it.
pub(crate) fn find(method: &str, path: &str) -> Result<Found, Error> {
    let segments = segments(path).ok_or(error::NO_ROUTE)?;
    let candidates = || all().iter().filter_map(|route| matches(route, &segments));
    let found = candidates().filter(|found| found.route.method == method);
    // `/users/@me` also fits `/users/{user_id}`: the template with fewer placeholders is meant.
    let best = found.min_by_key(|found| found.values.len());
    best.ok_or_else(|| {
        let has_other_method = candidates().next().is_some();
        let refusal = if has_other_method {
            error::WRONG_METHOD
        } else {
            error::NO_ROUTE
        };
        refusal.into()
    })
}

fn matches(route: &'static Route, segments: &[String]) -> Option<Found> {
    let mut values = Vec::new();
    let mut parts = route.template.split('/').skip(1);
    for segment in segments {
        let part = parts.next()?;
        match placeholder(part) {
            Some(name) => values.push((name, segment.clone())),
            None if part == segment => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(Found { route, values })
}

/// The name in `{name}`.
pub(crate) fn placeholder(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// The decoded parts between the slashes; none if one is empty or not UTF-8.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = path.strip_prefix('/')?.split('/').map(|segment| {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        (!segment.is_empty()).then(|| segment.into_owned())
    });
    decoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Result<&'static str, Error> {
        find(method, path).map(|found| found.route.operation)
    }

    #[test]
    fn every_line_of_the_table_is_a_route() {
        assert_eq!(all().len(), TABLE.lines().count() - 1);
        assert_eq!(all().len(), 245);
        for route in all() {
            let path: String = route.template.replace(['{', '}'], "");
            assert_eq!(operation(route.method, &path), Ok(route.operation));
        }
    }

    #[test]
    fn literal_segments_win_over_placeholders() {
        assert_eq!(operation("GET", "/users/@me"), Ok("get_my_user"));
        assert_eq!(operation("GET", "/users/81"), Ok("get_user"));
        let original = operation("PATCH", "/webhooks/1/token/messages/@original");
        assert_eq!(original, Ok("update_original_webhook_message"));
        let template = operation("GET", "/guilds/templates/code");
        assert_eq!(template, Ok("get_guild_template"));
    }

    #[test]
    fn values_are_decoded_and_named() {
        let path = "/channels/1/messages/2/reactions/%F0%9F%91%8D/@me";
        let found = find("PUT", path).expect("a route");
        let names = found
            .values
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let expected = [
            ("channel_id", "1"),
            ("message_id", "2"),
            ("emoji_name", "👍"),
        ];
        assert!(names.eq(expected), "{found:?}");
    }

    #[test]
    fn an_unknown_path_is_404_and_an_unknown_method_405() {
        assert_eq!(
            operation("POST", "/users/@me"),
            Err(error::WRONG_METHOD.into())
        );
        for path in [
            "/users",
            "/channels//messages",
            "/gateway/",
            "gateway",
            "/%ff",
        ] {
            assert_eq!(
                operation("GET", path),
                Err(error::NO_ROUTE.into()),
                "{path}"
            );
        }
    }
}
