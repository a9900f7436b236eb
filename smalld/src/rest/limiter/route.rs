//! Routes of requests: which requests share a rate limit, as far as that follows from method and
//! path. Pure.

use std::sync::Arc;

/// The start of the tokens of interactions: `interaction:` in base64. Tokens of webhooks start
/// otherwise.
const INTERACTION: &str = "aW50ZXJhY3Rpb246";

/// Discord's route of a request. It determines the limits until the bucket is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Method and path with every value replaced by `{}`.
    pub(crate) template: Arc<str>,
    /// The top-level resource: each of them has buckets of its own.
    pub(crate) major: Arc<str>,
    pub(crate) kind: Kind,
    /// Whether the bot's token is sent, as it is unless the path has one of its own.
    pub(crate) with_bot_token: bool,
}

/// Which of Discord's rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With the bot's token, under the global limit.
    Bot,
    /// With the token of a webhook in the path, outside the global limit.
    Webhook,
    /// After the first answer to an interaction: the same, with the interaction's token.
    FollowUp,
    /// The first answer to an interaction, which has three seconds and no limit.
    Callback,
}

impl Route {
    /// `path` without its query, percent-encoded as it is sent.
    ///
    /// The top-level resource is expected at the start of the path only, as in most clients: a
    /// wrong guess costs a wait, never a 429.
    ///
    /// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (major, kind) = match segments.as_slice() {
            ["webhooks", id, token, ..] => {
                let kind = if token.starts_with(INTERACTION) {
                    Kind::FollowUp
                } else {
                    Kind::Webhook
                };
                (format!("{id}/{token}"), kind)
            }
            ["interactions", id, _, "callback"] => ((*id).to_owned(), Kind::Callback),
            ["channels" | "guilds" | "webhooks", id, ..] if is_id(id) => {
                ((*id).to_owned(), Kind::Bot)
            }
            _ => (String::new(), Kind::Bot),
        };
        let mut template = String::with_capacity(method.len() + 1 + path.len());
        template.push_str(method);
        template.push(' ');
        for (nth, segment) in segments.iter().enumerate() {
            template.push('/');
            let fixed = nth == 0 || is_fixed(segment) && !stands_for_a_value(&segments[..nth]);
            template.push_str(if fixed { segment } else { "{}" });
        }
        Self {
            template: template.into(),
            major: major.into(),
            kind,
            with_bot_token: kind == Kind::Bot,
        }
    }
}

impl Route {
    /// Whether a 401 means that the token is wrong. Routes that need the token of a user respond 401 to
    /// every bot.
    pub(crate) fn judges_the_token(&self) -> bool {
        let of_people = [
            "/oauth2/@me",
            "/users/@me/applications/",
            "/users/@me/connections",
            "/users/@me/guilds/{}/member",
        ];
        let path = self.template.split_once(' ').map_or("", |(_, path)| path);
        let for_people = of_people.iter().any(|start| path.starts_with(start))
            || &*self.template == "PUT /applications/{}/guilds/{}/commands/{}/permissions";
        self.with_bot_token && !for_people
    }
}

fn is_id(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// Discord's own words consist of lower-case letters, hyphens and dots (`widget.json`), or start with
/// `@`.
fn is_fixed(segment: &str) -> bool {
    segment.starts_with('@')
        || segment
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.'))
}

/// Whether the next segment is a value even if it looks like a word: a code, a token, an emoji.
fn stands_for_a_value(before: &[&str]) -> bool {
    match before {
        ["webhooks" | "interactions", _] => true,
        [.., last] => matches!(
            *last,
            "reactions" | "invites" | "templates" | "activity-instances"
        ),
        [] => false,
    }
}

/// The path with the tokens of webhooks and interactions masked, for messages and logs. It need not
/// be a valid path: people paste whole URLs.
pub(crate) fn masked(path: &str) -> String {
    let segments =
        segments(path).map(|(segment, is_hidden)| if is_hidden { "***" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The tokens that [`masked`] hides.
pub(crate) fn hidden(path: &str) -> impl Iterator<Item = &str> {
    segments(path).filter_map(|(segment, is_hidden)| is_hidden.then_some(segment))
}

/// The segments of a path, and whether each of them may be a token.
fn segments(path: &str) -> impl Iterator<Item = (&str, bool)> {
    let path = path.split('?').next().unwrap_or_default();
    let mut after_webhook = false;
    path.split('/').map(move |segment| {
        let is_hidden = after_webhook && !is_shown(segment);
        after_webhook |= matches!(segment, "webhooks" | "interactions");
        (segment, is_hidden)
    })
}

/// Segments of the paths of webhooks and interactions that are not tokens.
fn is_shown(segment: &str) -> bool {
    const WORDS: [&str; 7] = [
        "messages",
        "callback",
        "@original",
        "github",
        "slack",
        ".",
        "..",
    ];
    segment.is_empty() || is_id(segment) || WORDS.contains(&segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> (String, String, Kind) {
        let route = Route::new(method, path);
        (
            (*route.template).to_owned(),
            (*route.major).to_owned(),
            route.kind,
        )
    }

    #[test]
    fn ids_codes_and_emoji_are_values() {
        for (path, template) in [
            ("/users/@me", "GET /users/@me"),
            ("/channels/1/messages/2", "GET /channels/{}/messages/{}"),
            (
                "/channels/1/messages/2/reactions/x/@me",
                "GET /channels/{}/messages/{}/reactions/{}/@me",
            ),
            (
                "/channels/1/messages/2/reactions/%F0%9F%91%8D",
                "GET /channels/{}/messages/{}/reactions/{}",
            ),
            ("/invites/abcdef", "GET /invites/{}"),
            (
                "/invites/abcdef/target-users",
                "GET /invites/{}/target-users",
            ),
            ("/guilds/templates/abc", "GET /guilds/templates/{}"),
            ("/guilds/1/templates/abc", "GET /guilds/{}/templates/{}"),
            (
                "/webhooks/1/abc/messages/@original",
                "GET /webhooks/{}/{}/messages/@original",
            ),
        ] {
            assert_eq!(route("GET", path).0, template);
        }
    }

    #[test]
    fn the_top_level_resource_is_at_the_start_of_the_path() {
        assert_eq!(route("GET", "/channels/7/pins").1, "7");
        assert_eq!(route("GET", "/guilds/7").1, "7");
        assert_eq!(route("GET", "/guilds/templates/abc").1, "");
        assert_eq!(route("GET", "/webhooks/7").1, "7");
        assert_eq!(route("GET", "/webhooks/7/tok").1, "7/tok");
        assert_eq!(route("GET", "/applications/1/guilds/7/commands").1, "");
    }

    #[test]
    fn paths_with_a_token_of_their_own_are_outside_the_global_limit() {
        assert_eq!(route("POST", "/webhooks/7/tok").2, Kind::Webhook);
        assert_eq!(
            route(
                "PATCH",
                "/webhooks/7/aW50ZXJhY3Rpb246MTUx/messages/@original"
            )
            .2,
            Kind::FollowUp
        );
        assert_eq!(route("POST", "/webhooks/7").2, Kind::Bot);
        assert_eq!(
            route("POST", "/interactions/7/tok/callback").2,
            Kind::Callback
        );
    }

    #[test]
    fn a_401_of_a_route_for_users_does_not_refuse_the_token() {
        let judges = |method, path| Route::new(method, path).judges_the_token();
        assert!(judges("GET", "/users/@me") && judges("GET", "/users/@me/guilds"));
        assert!(!judges("GET", "/users/@me/connections"));
        assert!(!judges("GET", "/users/@me/guilds/1/member"));
        assert!(!judges("POST", "/webhooks/1/token"));
    }

    /// The routes of every operation that Discord documents: method, path and top-level resource.
    #[test]
    fn every_documented_operation_has_its_bucket_key() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/routes.csv");
        let Ok(operations) = std::fs::read_to_string(file) else {
            eprintln!("skipped: no {file}, which is not part of the package");
            return;
        };
        let mut count = 0;
        for line in operations.lines().skip(1) {
            let [method, path, major] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("not an operation: {line}")
            };
            let value = |name: &str| match name {
                "emoji_name" => "%F0%9F%91%8D".to_owned(),
                "code" => "abcdef".to_owned(),
                "webhook_token" => "abcDEF-_123".to_owned(),
                _ => format!("{}", 1000 + name.len()),
            };
            let (mut plain, mut template) = (String::new(), format!("{method} "));
            for segment in path.split('/').skip(1) {
                let name = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
                let filled = name.map_or_else(|| segment.to_owned(), value);
                plain.extend(["/", &filled]);
                template.extend(["/", if name.is_some() { "{}" } else { segment }]);
            }
            let majors: Vec<String> = match major {
                "" => Vec::new(),
                names => names.split('+').map(value).collect(),
            };
            let (found, key, _) = route(method, &plain);
            if !path.ends_with("/callback") {
                assert_eq!((found, key), (template, majors.join("/")), "{line}");
            }
            count += 1;
        }
        assert_eq!(count, 245);
    }

    #[test]
    fn tokens_in_paths_are_masked() {
        assert_eq!(
            masked("/webhooks/7/secret/messages/1?wait=true"),
            "/webhooks/7/***/messages/1"
        );
        assert_eq!(
            masked("/interactions/7/secret/callback"),
            "/interactions/7/***/callback"
        );
        assert_eq!(
            masked("https://discord.com/api/webhooks/7/secret"),
            "https://discord.com/api/webhooks/7/***"
        );
        assert_eq!(masked("//webhooks//7/secret"), "//webhooks//7/***");
        assert_eq!(masked("/channels/7/messages"), "/channels/7/messages");
    }
}
