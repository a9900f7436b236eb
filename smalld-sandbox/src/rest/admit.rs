//! Admission: checks before the body of a request is read, in Discord's order: the caller, the
//! path, the token.

use super::error::{self, Error};
use super::routes::{self, Found};

/// The head of a request, as far as it decides about admission.
#[derive(Debug)]
pub(crate) struct Head<'h> {
    pub(crate) method: &'h str,
    /// The whole path, with `/api/v10`.
    pub(crate) path: &'h str,
    pub(crate) user_agent: Option<&'h str>,
    /// Whether the request carries the bot's token.
    pub(crate) has_token: bool,
}

/// A request that may be answered.
#[derive(Debug)]
pub(crate) enum Admitted {
    Route(Found),
    /// A path that Discord does not document, but a stub answers.
    Stubbed,
}

/// Checks the head. `is_stubbed` says whether a stub answers this method and path.
pub(crate) fn admit(head: &Head<'_>, is_stubbed: bool) -> Result<Admitted, Error> {
    let agent = head.user_agent.unwrap_or_default();
    let found = versioned(head.path).and_then(|path| routes::find(head.method, path));
    let is_public = found.as_ref().is_ok_and(|found| found.route.is_public);
    // What has a token in its path is for other programs, too: discord.py answers interactions as
    // `Python aiohttp`.
    if !(is_bot_agent(agent) || is_public && !agent.is_empty()) {
        return Err(error::BLOCKED.into());
    }
    let found = match found {
        Err(_) if is_stubbed => None,
        found => Some(found?),
    };
    if !is_public && !head.has_token {
        return Err(error::UNAUTHORIZED.into());
    }
    Ok(found.map_or(Admitted::Stubbed, Admitted::Route))
}

/// What follows `/api/v10`.
pub(crate) fn versioned(path: &str) -> Result<&str, Error> {
    let Some(rest) = path.strip_prefix("/api/") else {
        return Err(error::NO_ROUTE.into());
    };
    match rest.strip_prefix("v10") {
        Some(path) if path.starts_with('/') => Ok(path),
        _ => Err(error::INVALID_VERSION.into()),
    }
}

/// `DiscordBot (url, version)`, and then anything. The comma is documented, but Discord accepts bots
/// without it: discord.py sends none.
fn is_bot_agent(agent: &str) -> bool {
    let facts = agent
        .strip_prefix("DiscordBot (")
        .and_then(|rest| rest.split_once(')'));
    let facts = facts.and_then(|(facts, _)| facts.split_once([',', ' ']));
    facts.is_some_and(|(url, version)| !url.trim().is_empty() && !version.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_a_url_and_a_version() {
        assert!(is_bot_agent("DiscordBot (https://example.org, 1.0)"));
        assert!(is_bot_agent(
            "DiscordBot (https://example.org, 1.0) and more"
        ));
        assert!(is_bot_agent("DiscordBot (https://example.org 1.0) Python"));
        for agent in [
            "",
            "curl/8",
            "DiscordBot",
            "DiscordBot (url)",
            "DiscordBot (, 1)",
        ] {
            assert!(!is_bot_agent(agent), "{agent}");
        }
    }

    #[test]
    fn a_path_with_a_token_needs_no_user_agent_of_a_bot() {
        let admitted = |path, user_agent| {
            let head = Head {
                method: "POST",
                path,
                user_agent,
                has_token: false,
            };
            admit(&head, false)
                .map(|_| ())
                .map_err(|error| error.status)
        };
        let callback = "/api/v10/interactions/1/token/callback";
        assert_eq!(admitted(callback, Some("Python/3.13 aiohttp/3.14")), Ok(()));
        assert_eq!(admitted(callback, None), Err(403));
        assert_eq!(
            admitted("/api/v10/channels/1/messages", Some("aiohttp")),
            Err(403)
        );
    }

    #[test]
    fn only_version_10_is_served() {
        assert_eq!(versioned("/api/v10/users/@me"), Ok("/users/@me"));
        for path in ["/api/v9/users/@me", "/api/users/@me", "/api/v100/users/@me"] {
            assert_eq!(
                versioned(path),
                Err(error::INVALID_VERSION.into()),
                "{path}"
            );
        }
        assert_eq!(versioned("/v10/users/@me"), Err(error::NO_ROUTE.into()));
    }

    #[test]
    fn a_stub_opens_a_path_that_is_not_documented_to_those_with_the_token() {
        let head = |has_token| Head {
            method: "GET",
            path: "/api/v10/no/such/route",
            user_agent: Some("DiscordBot (u, 1)"),
            has_token,
        };
        assert!(matches!(admit(&head(true), true), Ok(Admitted::Stubbed)));
        assert_eq!(
            admit(&head(false), true).err(),
            Some(error::UNAUTHORIZED.into())
        );
        assert_eq!(
            admit(&head(true), false).err(),
            Some(error::NO_ROUTE.into())
        );
    }
}
