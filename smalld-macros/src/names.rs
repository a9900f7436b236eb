//! Names of events and routes, and the nearest one to a misspelling.

use std::fmt::Display;

pub(crate) use crate::events::EVENTS;
use crate::routes::ROUTES;

/// The identifier of a known event, in any case:
/// `MESSAGE_CREATE` and `MessageCreate` are `message_create`.
pub(crate) fn event(name: &str) -> Option<&'static str> {
    let name = snake_case(name);
    EVENTS
        .binary_search(&name.as_str())
        .ok()
        .map(|found| EVENTS[found])
}

/// The name that `written` most likely means, if any is near enough.
pub(crate) fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    let written = snake_case(written);
    let misspelt = || {
        let near = names.iter().map(|name| (distance(&written, name), *name));
        let (distance, name) = near.min_by_key(|&(distance, _)| distance)?;
        (distance <= 1 + written.chars().count() / 4).then_some(name)
    };
    // These misspellings have more letters in common with other names.
    let reordered = || {
        names
            .iter()
            .copied()
            .find(|name| sorted(name) == sorted(&written))
    };
    let shortened = || {
        let longer = names
            .iter()
            .copied()
            .filter(|name| has_words(name, &written));
        longer.min_by_key(|name| name.len())
    };
    misspelt().or_else(reordered).or_else(shortened)
}

/// The message, with the nearest name if there is one.
pub(crate) fn did_you_mean(message: impl Display, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("{message}; did you mean `{nearest}`?"),
        None => message.to_string(),
    }
}

/// The name as Discord writes it in JSON.
pub(crate) fn wire(name: &str) -> String {
    snake_case(name).to_uppercase()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len());
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = letter.is_lowercase();
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn sorted(name: &str) -> Vec<&str> {
    let mut words: Vec<_> = name.split('_').collect();
    words.sort_unstable();
    words
}

fn has_words(name: &str, words: &str) -> bool {
    name.strip_suffix(words)
        .is_some_and(|rest| rest.ends_with('_'))
        || name
            .strip_prefix(words)
            .is_some_and(|rest| rest.starts_with('_'))
}

/// How many letters must be inserted, removed, replaced or swapped with a neighbor (optimal string
/// alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    align(
        a.len(),
        b.len(),
        1,
        |i, j| usize::from(a[i] != b[j]),
        |i, j| i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j],
    )
}

/// The lowest cost of an alignment of two sequences. A missing or extra element costs `gap`, a
/// replaced one `replace`, and two that are `swapped` cost one.
fn align(
    rows: usize,
    columns: usize,
    gap: usize,
    replace: impl Fn(usize, usize) -> usize,
    swapped: impl Fn(usize, usize) -> bool,
) -> usize {
    let mut cost = vec![vec![0; columns + 1]; rows + 1];
    for i in 0..=rows {
        for j in 0..=columns {
            cost[i][j] = match (i, j) {
                (0, _) => j * gap,
                (_, 0) => i * gap,
                _ => {
                    let replaced = cost[i - 1][j - 1] + replace(i - 1, j - 1);
                    let moved = cost[i - 1][j].min(cost[i][j - 1]) + gap;
                    replaced.min(moved)
                }
            };
            if i > 1 && j > 1 && swapped(i - 1, j - 1) {
                cost[i][j] = cost[i][j].min(cost[i - 2][j - 2] + 1);
            }
        }
    }
    cost[rows][columns]
}

/// A part of a path between two slashes: literal text, or `None` for a value.
pub(crate) type Segment = Option<String>;

/// Whether Discord documents a route of this shape.
pub(crate) fn is_route(segments: &[Segment]) -> bool {
    ROUTES.iter().any(|route| {
        let route: Vec<_> = split(route).collect();
        route.len() == segments.len()
            && segments
                .iter()
                .zip(route)
                .all(|(segment, route)| mismatch(segment, route) == 0)
    })
}

/// The most similar documented route.
pub(crate) fn nearest_route(segments: &[Segment]) -> &'static str {
    let difference = |route: &&&str| {
        let route: Vec<_> = split(route).collect();
        let replace = |i: usize, j: usize| mismatch(&segments[i], route[j]);
        align(segments.len(), route.len(), SEGMENT, replace, |_, _| false)
    };
    ROUTES
        .iter()
        .min_by_key(difference)
        .copied()
        .unwrap_or_default()
}

/// Cost of a missing or extra segment.
const SEGMENT: usize = 100;

fn split(route: &str) -> impl Iterator<Item = &str> {
    route.split('/').skip(1)
}

/// How much a segment differs from one of a route; zero if it matches.
fn mismatch(segment: &Segment, route: &str) -> usize {
    let parameter = route
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match (segment, parameter) {
        (None, Some(_)) => 0,
        (Some(literal), Some(parameter)) if can_be(literal, parameter) => 0,
        (None, None) | (Some(_), Some(_)) => SEGMENT / 2,
        (Some(literal), None) => {
            let longer = literal.chars().count().max(route.chars().count()).max(1);
            (SEGMENT * distance(literal, route)).div_ceil(longer)
        }
    }
}

/// Ids are digits, so a misspelled `/guilds/{}/roles/membercounts` is not a role's id.
fn can_be(literal: &str, parameter: &str) -> bool {
    let is_snowflake = parameter.contains("_id") && parameter != "instance_id";
    !is_snowflake || literal.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<Segment> {
        split(path)
            .map(|segment| (segment != "{}").then(|| segment.to_owned()))
            .collect()
    }

    #[test]
    fn the_nearest_name_is_the_intended_one() {
        for (written, intended) in [
            ("mesage_create", "message_create"),
            ("message_craete", "message_create"),
            ("messageCreate", "message_create"),
            ("create_message", "message_create"),
            ("message", "message_create"),
            ("member_add", "guild_member_add"),
            ("guild_member_added", "guild_member_add"),
            ("intercation_create", "interaction_create"),
        ] {
            assert_eq!(nearest(written, EVENTS), Some(intended), "{written}");
        }
        assert_eq!(nearest("banana", EVENTS), None);
        assert_eq!(nearest("order", &["ordered", "crate"]), Some("ordered"));
    }

    #[test]
    fn an_event_is_found_in_any_case() {
        for name in [
            "message_create",
            "MESSAGE_CREATE",
            "MessageCreate",
            "messageCreate",
        ] {
            assert_eq!(event(name), Some("message_create"));
        }
        assert_eq!(event("message_explode"), None);
    }

    #[test]
    fn swapped_neighbors_cost_one() {
        assert_eq!(distance("raedy", "ready"), 1);
        assert_eq!(distance("", "ready"), 5);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_route_is_found_by_its_shape() {
        assert!(is_route(&segments("/channels/{}/messages")));
        assert!(is_route(&segments("/channels/42/messages/{}")));
        assert!(is_route(&segments("/users/@me")));
        assert!(is_route(&segments("/users/{}")));
        assert!(is_route(&segments("/invites/abc")));
        assert!(!is_route(&segments("/channels/{}/mesages")));
        assert!(!is_route(&segments("/channels/{}")[..1]));
        assert!(!is_route(&segments("/users/{}/channels")));
        assert!(!is_route(&segments("/guilds/{}/roles/member-count")));
    }

    #[test]
    fn the_nearest_route_is_the_intended_one() {
        for (written, intended) in [
            ("/channels/{}/mesages", "/channels/{channel_id}/messages"),
            (
                "/chanels/{}/mesages/{}",
                "/channels/{channel_id}/messages/{message_id}",
            ),
            ("/channel/{}", "/channels/{channel_id}"),
            ("/users/{}/channels", "/users/@me/channels"),
            (
                "/guilds/{}/member/{}",
                "/guilds/{guild_id}/members/{user_id}",
            ),
            (
                "/guilds/{}/roles/member-count",
                "/guilds/{guild_id}/roles/member-counts",
            ),
        ] {
            assert_eq!(nearest_route(&segments(written)), intended, "{written}");
        }
    }

    #[test]
    fn the_tables_are_sorted_and_equal_to_the_data_files() {
        assert!(EVENTS.is_sorted() && ROUTES.is_sorted());
        assert_table("events.csv", 0, str::to_lowercase, EVENTS);
        assert_table("routes.csv", 1, str::to_owned, ROUTES);
    }

    fn assert_table(file: &str, column: usize, name: impl Fn(&str) -> String, table: &[&str]) {
        let file = format!("{}/../data/{file}", env!("CARGO_MANIFEST_DIR"));
        let Ok(text) = std::fs::read_to_string(&file) else {
            eprintln!("skipped: no {file}, which is not part of the package");
            return;
        };
        let rows = text.lines().skip(1);
        let mut names: Vec<_> = rows
            .map(|row| name(row.split(',').nth(column).unwrap()))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, table);
    }
}
