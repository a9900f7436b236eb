//! The text that is saved: a checkpoint of every shard, and the configuration that their sessions
//! were started with. Decides what of it a bot that starts now may use. Pure.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gateway::checkpoint::poison::{ResumeFrom, resume_from};
use crate::gateway::protocol::session::EarlierSession;

const VERSION: u32 = 2;
/// A session that has not been heard from for longer is not resumed. Discord keeps sessions for a
/// few minutes.
const MAX_AGE: Duration = Duration::from_secs(600);

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

/// What became of a shard's saved session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// There was none.
    Nothing,
    Resumed,
    /// It is resumed after events that seem to end the process.
    Skipped {
        failed_starts: u32,
        first: u64,
        last: u64,
    },
    NotResumed {
        reason: NotResumed,
        /// How many events had been received and not handled.
        unhandled: u64,
    },
}

/// Why a saved session is not resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotResumed {
    OtherBot,
    OtherBaseUrl,
    OtherShardCount,
    OtherIntents,
    OtherIdentify,
    Stale,
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

impl Configuration {
    /// If either id is unknown, because Discord could not be asked, the bots count as the same. If
    /// they are not, Discord refuses to resume.
    fn is_of_another_bot(&self, other: &Self) -> bool {
        let both = self.bot.as_ref().zip(other.bot.as_ref());
        both.is_some_and(|(bot, other)| bot != other)
    }

    /// Whether session starts of the other configuration count for this one.
    fn has_the_same_shards(&self, other: &Self) -> bool {
        !self.is_of_another_bot(other) && self.shard_count == other.shard_count
    }

    /// Why a session of the other configuration cannot be resumed, if it cannot.
    fn difference(&self, other: &Self) -> Option<NotResumed> {
        let differences = [
            (self.is_of_another_bot(other), NotResumed::OtherBot),
            (self.base_url != other.base_url, NotResumed::OtherBaseUrl),
            (
                self.shard_count != other.shard_count,
                NotResumed::OtherShardCount,
            ),
            (self.intents != other.intents, NotResumed::OtherIntents),
            (self.identify != other.identify, NotResumed::OtherIdentify),
        ];
        let different = differences.into_iter().find(|(differs, _)| *differs);
        different.map(|(_, reason)| reason)
    }
}

/// Returns the checkpoint that a shard starts from, and what became of its saved session.
pub(crate) fn restore(
    document: Option<&Document>,
    configuration: &Configuration,
    shard: u32,
    now: SystemTime,
) -> (Checkpoint, Restored) {
    let empty = Checkpoint {
        shard,
        ..Checkpoint::default()
    };
    let saved = document.and_then(|document| {
        let saved = document.shards.iter().find(|saved| saved.shard == shard)?;
        Some((&document.configuration, saved.clone()))
    });
    let Some((saved_configuration, mut checkpoint)) = saved else {
        return (empty, Restored::Nothing);
    };
    let difference = configuration.difference(saved_configuration);
    let restored = match checkpoint.session.take() {
        None => Restored::Nothing,
        Some(session) => {
            let (session, restored) = session.restore(difference, now);
            checkpoint.session = session;
            restored
        }
    };
    if configuration.has_the_same_shards(saved_configuration) {
        (checkpoint, restored)
    } else {
        (empty, restored)
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

    fn restore(self, difference: Option<NotResumed>, now: SystemTime) -> (Option<Self>, Restored) {
        let age = unix_seconds(now).saturating_sub(self.last_heard);
        let stale = (age > MAX_AGE.as_secs()).then_some(NotResumed::Stale);
        if let Some(reason) = difference.or(stale) {
            let unhandled = self.unhandled();
            return (None, Restored::NotResumed { reason, unhandled });
        }
        match resume_from(self.failed_starts, self.handled, self.received) {
            ResumeFrom::Watermark => (Some(self), Restored::Resumed),
            ResumeFrom::NewestReceived => {
                let restored = Restored::Skipped {
                    failed_starts: self.failed_starts,
                    first: self.handled.saturating_add(1),
                    last: self.received,
                };
                let session = Self {
                    handled: self.received,
                    failed_starts: 0,
                    ..self
                };
                (Some(session), restored)
            }
        }
    }
}

impl fmt::Display for NotResumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherBot => "it belongs to another bot",
            Self::OtherBaseUrl => "it was started with another `base_url`",
            Self::OtherShardCount => "it was started with another number of shards",
            Self::OtherIntents => "it was started with other intents",
            Self::OtherIdentify => "it was started with another `identify`",
            Self::Stale => "it is stale: Discord was last heard from more than 10 minutes ago",
        })
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

    fn configuration() -> Configuration {
        Configuration {
            bot: Some("7".to_owned()),
            base_url: "https://discord.com/api/v10".to_owned(),
            shard_count: 2,
            intents: 513,
            identify: Map::new(),
        }
    }

    fn document() -> Document {
        let now = unix_seconds(SystemTime::now());
        let session = SavedSession {
            id: "sid".to_owned(),
            resume_url: "wss://r".to_owned(),
            handled: 41,
            received: 44,
            failed_starts: 0,
            last_heard: now,
        };
        let checkpoint = Checkpoint {
            shard: 1,
            session: Some(session),
            session_starts: 3,
            last_session_start: now,
        };
        Document::new(configuration(), vec![checkpoint])
    }

    fn restored(
        document: &Document,
        configuration: &Configuration,
        shard: u32,
    ) -> (Checkpoint, Restored) {
        restore(Some(document), configuration, shard, SystemTime::now())
    }

    #[test]
    fn a_saved_session_is_resumed_from_its_watermark() {
        let saved = document();
        let parsed = Document::parse(&saved.text()).unwrap();
        assert_eq!(parsed, saved);
        let (checkpoint, outcome) = restored(&parsed, &configuration(), 1);
        assert_eq!(
            (&checkpoint, outcome),
            (&saved.shards[0], Restored::Resumed)
        );
        assert_eq!(checkpoint.session.unwrap().unhandled(), 3);
        let (checkpoint, outcome) = restored(&parsed, &configuration(), 0);
        assert_eq!(
            (checkpoint.session, checkpoint.session_starts, outcome),
            (None, 0, Restored::Nothing),
            "another shard"
        );
    }

    #[test]
    fn a_session_of_another_configuration_is_not_resumed_but_its_starts_count() {
        let changed = |change: &dyn Fn(&mut Configuration)| {
            let mut configuration = configuration();
            change(&mut configuration);
            let (checkpoint, outcome) = restored(&document(), &configuration, 1);
            assert_eq!(checkpoint.session.is_some(), outcome == Restored::Resumed);
            (outcome, checkpoint.session_starts)
        };
        let not_resumed = |reason| Restored::NotResumed {
            reason,
            unhandled: 3,
        };
        assert_eq!(changed(&|_| {}), (Restored::Resumed, 3));
        assert_eq!(
            changed(&|configuration| configuration.intents = 1),
            (not_resumed(NotResumed::OtherIntents), 3)
        );
        assert_eq!(
            changed(&|configuration| configuration.base_url.push('1')),
            (not_resumed(NotResumed::OtherBaseUrl), 3)
        );
        assert_eq!(
            changed(&|configuration| {
                let identify = &mut configuration.identify;
                identify.insert("presence".into(), Value::Null);
            }),
            (not_resumed(NotResumed::OtherIdentify), 3)
        );
        // Another bot has a budget of its own, and another number of shards means other shards.
        assert_eq!(
            changed(&|configuration| configuration.bot = Some("8".to_owned())),
            (not_resumed(NotResumed::OtherBot), 0)
        );
        assert_eq!(
            changed(&|configuration| configuration.shard_count = 3),
            (not_resumed(NotResumed::OtherShardCount), 0)
        );
    }

    #[test]
    fn a_bot_whose_id_is_unknown_counts_as_the_same_bot() {
        let mut unknown = configuration();
        unknown.bot = None;
        assert!(restored(&document(), &unknown, 1).0.session.is_some());
        let mut saved_unknown = document();
        saved_unknown.configuration.bot = None;
        let (checkpoint, _) = restored(&saved_unknown, &configuration(), 1);
        assert!(checkpoint.session.is_some() && checkpoint.session_starts == 3);
    }

    #[test]
    fn events_that_three_starts_did_not_get_past_are_skipped() {
        let mut document = document();
        document.shards[0].session.as_mut().unwrap().failed_starts = 3;
        let (checkpoint, outcome) = restored(&document, &configuration(), 1);
        let skipped = Restored::Skipped {
            failed_starts: 3,
            first: 42,
            last: 44,
        };
        assert_eq!(outcome, skipped);
        let session = checkpoint.session.unwrap();
        assert_eq!((session.handled, session.failed_starts), (44, 0));
    }

    #[test]
    fn a_session_that_was_last_heard_from_long_ago_is_stale() {
        let later = SystemTime::now() + MAX_AGE + Duration::from_secs(2);
        let (checkpoint, outcome) = restore(Some(&document()), &configuration(), 1, later);
        let stale = Restored::NotResumed {
            reason: NotResumed::Stale,
            unhandled: 3,
        };
        assert_eq!((checkpoint.session, outcome), (None, stale));
        assert_eq!(checkpoint.session_starts, 3);
    }

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
