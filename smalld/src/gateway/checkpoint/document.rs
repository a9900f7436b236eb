//! The text that is saved: a checkpoint of every shard, and the configuration that their sessions
//! were started with. Pure.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gateway::protocol::session::EarlierSession;

const VERSION: u32 = 2;

/// Everything that is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    version: u32,
    pub(crate) configuration: Configuration,
    pub(crate) shards: Vec<Checkpoint>,
}

/// The configuration that sessions were started with. A resumed session keeps its intents and its
/// presence, so it is not resumed if any of these has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    /// The bot's user id, if it is known.
    pub(crate) bot: Option<String>,
    pub(crate) base_url: String,
    pub(crate) shard_count: u32,
    pub(crate) intents: u64,
    pub(crate) identify: Map<String, Value>,
}

/// What is saved of one shard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) shard: u32,
    pub(crate) session: Option<SavedSession>,
    /// How many sessions were started since one lasted.
    pub(crate) session_starts: u32,
    /// When the last of them was started, in Unix seconds.
    pub(crate) last_session_start: u64,
}

/// What is saved of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    pub(crate) id: String,
    pub(crate) resume_url: String,
    /// The watermark: every event up to this number has been handled.
    pub(crate) handled: u64,
    /// The newest number that was received.
    pub(crate) received: u64,
    /// How many processes resumed from this watermark, received an event, and ended before the
    /// watermark moved.
    pub(crate) failed_starts: u32,
    /// When Discord was last heard from, in Unix seconds.
    pub(crate) last_heard: u64,
}

impl Document {
    pub(crate) fn new(configuration: Configuration, shards: Vec<Checkpoint>) -> Self {
        Self {
            version: VERSION,
            configuration,
            shards,
        }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers can be written as JSON")
    }

    /// Parses a saved text.
    ///
    /// # Errors
    ///
    /// A sentence that says why the text cannot be used.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!(
                "it has version {version}, and this smalld reads version {VERSION}"
            ));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

impl SavedSession {
    /// How many events were received and not handled.
    pub(crate) fn unhandled(&self) -> u64 {
        self.received.saturating_sub(self.handled)
    }

    /// The session as the protocol resumes it.
    pub(crate) fn to_resume(&self) -> EarlierSession {
        EarlierSession {
            id: self.id.as_str().into(),
            resume_url: self.resume_url.clone(),
            handled: self.handled,
            received: self.received,
        }
    }
}

/// 0 for a time before 1970: a wrong clock makes every session look stale or fresh, and Discord
/// decides.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_cannot_be_used_says_why() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"version":3,"new":true}"#,
            r#"{"version":2}"#,
        ] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
        let newer = Document::parse(r#"{"version":3,"new":true}"#).unwrap_err();
        assert!(newer.contains("version 3"), "{newer}");
    }
}
