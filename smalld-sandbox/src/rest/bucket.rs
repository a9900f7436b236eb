//! Buckets: which rate limit a request counts against.

use std::time::Duration;

use super::rate_limit::Limit;
use super::routes::Found;

/// A limit, and the resource that has a window of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Requests of one name share a bucket; it becomes the hash in the header.
    pub(crate) name: String,
    /// The id of the channel, guild or webhook at the start of the path; of a webhook with a token,
    /// both.
    pub(crate) top_level: Option<String>,
    pub(crate) limit: Limit,
    /// Whether requests count against the global limit, too.
    pub(crate) is_global: bool,
}

const USUAL: Limit = Limit {
    requests: 10,
    window: Duration::from_secs(5),
};
const POSTING: Limit = Limit {
    requests: 5,
    window: Duration::from_secs(5),
};
const REACTING: Limit = Limit {
    requests: 1,
    window: Duration::from_millis(250),
};

/// The bucket of a documented route. The sandbox's limits are fixed; Discord's change without notice.
pub(crate) fn bucket(found: &Found) -> Bucket {
    let route = found.route;
    let (name, limit) = match route.operation {
        // Two methods share a bucket, as on Discord.
        "add_my_message_reaction" | "delete_my_message_reaction" => ("own reaction", REACTING),
        "create_message" | "execute_webhook" => (route.operation, POSTING),
        operation => (operation, USUAL),
    };
    Bucket {
        name: name.to_owned(),
        top_level: top_level(found),
        limit,
        is_global: !is_of_interaction(found),
    }
}

fn top_level(found: &Found) -> Option<String> {
    let of = |wanted: &str| {
        let value = found.values.iter().find(|(name, _)| *name == wanted);
        value.map(|(_, value)| value.as_str())
    };
    let mut segments = found.route.template.split('/').skip(1);
    match (segments.next()?, segments.next()?) {
        ("channels", "{channel_id}") => of("channel_id").map(ToOwned::to_owned),
        ("guilds", "{guild_id}") => of("guild_id").map(ToOwned::to_owned),
        ("webhooks", _) => {
            let token = of("webhook_token").unwrap_or_default();
            Some(format!("{}/{token}", of("webhook_id")?))
        }
        ("interactions", _) => of("interaction_id").map(ToOwned::to_owned),
        _ => None,
    }
}

/// Callbacks are outside the global limit.
fn is_of_interaction(found: &Found) -> bool {
    found.route.operation == "create_interaction_response"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::routes;

    #[test]
    fn channels_and_methods_have_their_own_buckets() {
        let of = |method, path| bucket(&routes::find(method, path).expect("a route"));
        assert_ne!(
            of("GET", "/channels/1/messages"),
            of("GET", "/channels/2/messages")
        );
        assert_ne!(
            of("GET", "/channels/1/messages"),
            of("POST", "/channels/1/messages")
        );
        assert_eq!(
            of("GET", "/channels/1/messages/5"),
            of("GET", "/channels/1/messages/6")
        );
        assert_eq!(
            of("PUT", "/channels/1/messages/5/reactions/x/@me"),
            of("DELETE", "/channels/1/messages/6/reactions/y/@me"),
        );
        assert_ne!(of("POST", "/webhooks/1/a"), of("POST", "/webhooks/1/b"));
        assert!(!of("POST", "/interactions/1/t/callback").is_global);
    }
}
