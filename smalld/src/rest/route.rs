//! Which requests share a rate limit, as far as their method and path tell. Pure.

/// Discord's route of a request: what stands for its limits until a bucket is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Method and path with every value replaced by `{}`.
    pub(crate) template: Box<str>,
    /// The top-level resource: buckets are counted for each one apart.
    pub(crate) major: Box<str>,
    pub(crate) kind: Kind,
}

/// Which of Discord's rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With the bot's token, under the global limit.
    Bot,
    /// A webhook or an interaction's answers: with a token in the path, outside the global limit.
    OwnToken,
    /// The first answer to an interaction, which has three seconds and no limit.
    Callback,
}

impl Route {
    /// `path` without its query, percent-encoded as it is sent.
    ///
    /// Only the start of the path is looked at for the top-level resource, as most clients do: a
    /// wrong guess costs a wait, and never a 429.
    ///
    /// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (major, kind) = match segments.as_slice() {
            ["webhooks", id, token, ..] => (format!("{id}/{token}"), Kind::OwnToken),
            ["interactions", id, _, "callback"] => ((*id).to_owned(), Kind::Callback),
            ["channels" | "guilds" | "webhooks", id, ..] if is_id(id) => {
                ((*id).to_owned(), Kind::Bot)
            }
            _ => (String::new(), Kind::Bot),
        };
        let mut template = method.to_owned();
        template.push(' ');
        for (nth, segment) in segments.iter().enumerate() {
            template.push('/');
            let fixed = is_fixed(segment) && !stands_for_a_value(&segments[..nth]);
            template.push_str(if fixed { segment } else { "{}" });
        }
        Self {
            template: template.into(),
            major: major.into(),
            kind,
        }
    }
}

fn is_id(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// Discord's own words are of lower-case letters and hyphens, or begin with `@`.
fn is_fixed(segment: &str) -> bool {
    segment.starts_with('@')
        || segment
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Whether what follows is a value even where it looks like a word: a code, a token, an emoji.
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

/// The path with the tokens of webhooks and interactions left out, for messages and logs.
pub(crate) fn masked(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut segments: Vec<&str> = path.split('/').collect();
    if let ["", "webhooks" | "interactions", _, token, ..] = segments.as_mut_slice() {
        *token = "***";
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> (String, String, Kind) {
        let route = Route::new(method, path);
        (route.template.into(), route.major.into(), route.kind)
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
    fn the_top_level_resource_stands_at_the_start_of_the_path() {
        assert_eq!(route("GET", "/channels/7/pins").1, "7");
        assert_eq!(route("GET", "/guilds/7").1, "7");
        assert_eq!(route("GET", "/guilds/templates/abc").1, "");
        assert_eq!(route("GET", "/webhooks/7").1, "7");
        assert_eq!(route("GET", "/webhooks/7/tok").1, "7/tok");
        assert_eq!(route("GET", "/applications/1/guilds/7/commands").1, "");
    }

    #[test]
    fn paths_with_a_token_of_their_own_are_outside_the_global_limit() {
        assert_eq!(route("POST", "/webhooks/7/tok").2, Kind::OwnToken);
        assert_eq!(route("POST", "/webhooks/7").2, Kind::Bot);
        assert_eq!(
            route("POST", "/interactions/7/tok/callback").2,
            Kind::Callback
        );
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
        assert_eq!(masked("/channels/7/messages"), "/channels/7/messages");
    }
}
