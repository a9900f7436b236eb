//! Which endpoint a method and a path mean, and which bucket of rate limits it belongs to.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::error::{self, Error};
use super::rate_limit::Limit;
use crate::snowflake::Snowflake;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Gateway,
    GatewayBot,
    OwnApplication,
    OwnUser,
    User(Snowflake),
    OpenDirectChannel,
    Guild(Snowflake),
    GuildChannels(Snowflake),
    GuildMember(Snowflake, Snowflake),
    Channel(Snowflake),
    Type(Snowflake),
    Messages(Snowflake),
    CreateMessage(Snowflake),
    Message(Snowflake, Snowflake),
    EditMessage(Snowflake, Snowflake),
    DeleteMessage(Snowflake, Snowflake),
    React(Snowflake, Snowflake, String),
    Unreact(Snowflake, Snowflake, String),
    Reactors(Snowflake, Snowflake, String),
}

/// The rate limit of an endpoint: a bucket, and the resource that has one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) top_level: Option<Snowflake>,
    pub(crate) limit: Limit,
}

impl Endpoint {
    /// `path` is what follows `/api/v10`, as it was sent.
    pub(crate) fn find(method: &str, path: &str) -> Result<Self, Error> {
        let Some(segments) = segments(path) else {
            return Err(error::NO_ROUTE);
        };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match endpoint(method, &segments) {
            Err(error) if error == error::NO_ROUTE => {
                let known = |other| endpoint(other, &segments) != Err(error::NO_ROUTE);
                let elsewhere = METHODS.into_iter().any(known);
                Err(if elsewhere {
                    error::WRONG_METHOD
                } else {
                    error
                })
            }
            found => found,
        }
    }

    /// The one route that Discord answers without a token.
    pub(crate) fn is_public(&self) -> bool {
        *self == Self::Gateway
    }

    pub(crate) fn bucket(&self) -> Bucket {
        let usual = Limit {
            requests: 10,
            window: Duration::from_secs(5),
        };
        let posting = Limit {
            requests: 5,
            ..usual
        };
        let reacting = Limit {
            requests: 1,
            window: Duration::from_millis(250),
        };
        let (name, top_level, limit) = match self {
            Self::Gateway => ("gateway", None, usual),
            Self::GatewayBot => ("gateway bot", None, usual),
            Self::OwnApplication => ("application", None, usual),
            Self::OwnUser => ("own user", None, usual),
            Self::User(_) => ("user", None, usual),
            Self::OpenDirectChannel => ("open direct channel", None, usual),
            Self::Guild(guild) => ("guild", Some(guild), usual),
            Self::GuildChannels(guild) => ("guild channels", Some(guild), usual),
            Self::GuildMember(guild, _) => ("guild member", Some(guild), usual),
            Self::Channel(channel) => ("channel", Some(channel), usual),
            Self::Type(channel) => ("typing", Some(channel), usual),
            Self::Messages(channel) => ("messages", Some(channel), usual),
            Self::CreateMessage(channel) => ("create message", Some(channel), posting),
            Self::Message(channel, _) => ("message", Some(channel), usual),
            Self::EditMessage(channel, _) => ("edit message", Some(channel), usual),
            Self::DeleteMessage(channel, _) => ("delete message", Some(channel), usual),
            // Two methods, one bucket, as on Discord.
            Self::React(channel, ..) | Self::Unreact(channel, ..) => {
                ("own reaction", Some(channel), reacting)
            }
            Self::Reactors(channel, ..) => ("reactions", Some(channel), usual),
        };
        Bucket {
            name,
            top_level: top_level.copied(),
            limit,
        }
    }
}

fn endpoint(method: &str, segments: &[&str]) -> Result<Endpoint, Error> {
    Ok(match (method, segments) {
        ("GET", ["gateway"]) => Endpoint::Gateway,
        ("GET", ["gateway", "bot"]) => Endpoint::GatewayBot,
        ("GET", ["applications", "@me"]) => Endpoint::OwnApplication,
        ("GET", ["users", "@me"]) => Endpoint::OwnUser,
        ("GET", ["users", user]) => Endpoint::User(id("user_id", user)?),
        ("POST", ["users", "@me", "channels"]) => Endpoint::OpenDirectChannel,
        (_, ["guilds", guild, rest @ ..]) => in_guild(method, id("guild_id", guild)?, rest)?,
        (_, ["channels", channel, rest @ ..]) => {
            in_channel(method, id("channel_id", channel)?, rest)?
        }
        _ => return Err(error::NO_ROUTE),
    })
}

fn in_guild(method: &str, guild: Snowflake, rest: &[&str]) -> Result<Endpoint, Error> {
    Ok(match (method, rest) {
        ("GET", []) => Endpoint::Guild(guild),
        ("GET", ["channels"]) => Endpoint::GuildChannels(guild),
        ("GET", ["members", user]) => Endpoint::GuildMember(guild, id("user_id", user)?),
        _ => return Err(error::NO_ROUTE),
    })
}

fn in_channel(method: &str, channel: Snowflake, rest: &[&str]) -> Result<Endpoint, Error> {
    Ok(match (method, rest) {
        ("GET", []) => Endpoint::Channel(channel),
        ("POST", ["typing"]) => Endpoint::Type(channel),
        ("GET", ["messages"]) => Endpoint::Messages(channel),
        ("POST", ["messages"]) => Endpoint::CreateMessage(channel),
        (_, ["messages", message, rest @ ..]) => {
            of_message(method, channel, id("message_id", message)?, rest)?
        }
        _ => return Err(error::NO_ROUTE),
    })
}

fn of_message(
    method: &str,
    channel: Snowflake,
    message: Snowflake,
    rest: &[&str],
) -> Result<Endpoint, Error> {
    Ok(match (method, rest) {
        ("GET", []) => Endpoint::Message(channel, message),
        ("PATCH", []) => Endpoint::EditMessage(channel, message),
        ("DELETE", []) => Endpoint::DeleteMessage(channel, message),
        ("GET", ["reactions", emoji]) => Endpoint::Reactors(channel, message, (*emoji).to_owned()),
        ("PUT", ["reactions", emoji, "@me"]) => {
            Endpoint::React(channel, message, (*emoji).to_owned())
        }
        ("DELETE", ["reactions", emoji, "@me"]) => {
            Endpoint::Unreact(channel, message, (*emoji).to_owned())
        }
        _ => return Err(error::NO_ROUTE),
    })
}

/// The parts between the slashes, decoded; none if they are no UTF-8 or one is empty.
fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = path.strip_prefix('/')?.split('/').map(|segment| {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        (!segment.is_empty()).then(|| segment.into_owned())
    });
    decoded.collect()
}

fn id(name: &str, text: &str) -> Result<Snowflake, Error> {
    let message = format!("Value \"{text}\" is not snowflake.");
    Snowflake::parse(text).ok_or_else(|| Error::of_field(&[name], "NUMBER_TYPE_COERCE", &message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snowflake(text: &str) -> Snowflake {
        Snowflake::parse(text).expect("an id")
    }

    #[test]
    fn an_emoji_is_decoded() {
        let found = Endpoint::find("PUT", "/channels/1/messages/2/reactions/%F0%9F%91%8D/@me");
        assert_eq!(
            found,
            Ok(Endpoint::React(
                snowflake("1"),
                snowflake("2"),
                "👍".to_owned()
            ))
        );
    }

    #[test]
    fn a_wrong_method_is_told_from_a_wrong_path() {
        assert_eq!(
            Endpoint::find("POST", "/users/@me"),
            Err(error::WRONG_METHOD)
        );
        assert_eq!(
            Endpoint::find("PUT", "/channels/1/messages/2"),
            Err(error::WRONG_METHOD)
        );
        assert_eq!(Endpoint::find("GET", "/users"), Err(error::NO_ROUTE));
        assert_eq!(
            Endpoint::find("GET", "/channels//messages"),
            Err(error::NO_ROUTE)
        );
        assert_eq!(Endpoint::find("GET", "/gateway/"), Err(error::NO_ROUTE));
    }

    #[test]
    fn an_id_that_is_none_is_named() {
        let error = Endpoint::find("GET", "/channels/general").expect_err("no id");
        assert_eq!(
            error.body()["errors"]["channel_id"]["_errors"][0]["code"],
            "NUMBER_TYPE_COERCE"
        );
    }

    #[test]
    fn channels_have_buckets_of_their_own_and_methods_too() {
        let bucket = |method, path| Endpoint::find(method, path).expect("a route").bucket();
        assert_ne!(
            bucket("GET", "/channels/1/messages"),
            bucket("GET", "/channels/2/messages")
        );
        assert_ne!(
            bucket("GET", "/channels/1/messages"),
            bucket("POST", "/channels/1/messages")
        );
        assert_eq!(
            bucket("GET", "/channels/1/messages/5"),
            bucket("GET", "/channels/1/messages/6")
        );
        assert_eq!(
            bucket("PUT", "/channels/1/messages/5/reactions/x/@me"),
            bucket("DELETE", "/channels/1/messages/6/reactions/y/@me"),
        );
    }
}
