//! What is kept of all shards, as one JSON text, and what of it fits the bot that starts now. Pure.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gateway::{Checkpoint, Restored};

const VERSION: u32 = 1;

/// All that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    version: u32,
    pub(crate) origin: Configuration,
    pub(crate) shards: Vec<Checkpoint>,
}

/// Whose sessions they are. A session that is resumed keeps the intents and the presence that it
/// was begun with, so where any of these differs it is not resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    /// The bot's user id.
    pub(crate) bot: Option<String>,
    pub(crate) base_url: String,
    pub(crate) shard_count: u32,
    pub(crate) intents: u64,
    pub(crate) identify: Map<String, Value>,
}

impl Document {
    pub(crate) fn new(origin: Configuration, shards: Vec<Checkpoint>) -> Self {
        Self {
            version: VERSION,
            origin,
            shards,
        }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("names and numbers can be written as JSON")
    }

    /// Reads one, or says why it cannot be used.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!("it is of version {version}, and this is {VERSION}"));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

impl Configuration {
    /// As far as is known: where one of them could not ask for the bot's id it is taken for the
    /// same. If it is not, Discord refuses to resume.
    fn is_of_another_bot(&self, other: &Self) -> bool {
        let known = self.bot.as_ref().zip(other.bot.as_ref());
        known.is_some_and(|(bot, other)| bot != other)
    }

    /// Whether the session starts of the other count for this one.
    fn is_of_the_same_shards(&self, other: &Self) -> bool {
        !self.is_of_another_bot(other) && self.shard_count == other.shard_count
    }

    /// In what another origin differs from this one; none if its sessions can be resumed.
    fn differs(&self, other: &Self) -> Option<&'static str> {
        let differences = [
            (self.is_of_another_bot(other), "of another bot"),
            (self.base_url != other.base_url, "of another `base_url`"),
            (
                self.shard_count != other.shard_count,
                "of another number of shards",
            ),
            (self.intents != other.intents, "with other intents"),
            (self.identify != other.identify, "with another `identify`"),
        ];
        let different = differences.into_iter().find(|(differs, _)| *differs);
        different.map(|(_, words)| words)
    }
}

/// What a shard starts with: how often it has identified in vain, and when; and its session where
/// it can be resumed. What is left out is told in the log.
pub(crate) fn restore(
    document: Option<&Document>,
    origin: &Configuration,
    shard: u32,
    now: SystemTime,
) -> (Checkpoint, u64) {
    let fresh = Checkpoint {
        shard,
        ..Checkpoint::default()
    };
    let found = document.and_then(|document| {
        let saved = document.shards.iter().find(|saved| saved.shard == shard)?;
        Some((document, saved.clone()))
    });
    let Some((document, mut saved)) = found else {
        return (fresh, 0);
    };
    let session = saved.session.take();
    if let Some(difference) = origin.differs(&document.origin) {
        if let Some(session) = session {
            let unhandled = session.received.saturating_sub(session.handled);
            tracing::info!(target: "smalld", shard, "the saved session is not resumed: it is one {difference}; {unhandled} events that had been received and not handled are not replayed");
        }
        let same_shard = origin.is_of_the_same_shards(&document.origin);
        return (if same_shard { saved } else { fresh }, 0);
    }
    let Some(session) = session else {
        return (saved, 0);
    };
    let (unhandled, seen) = (
        session.received.saturating_sub(session.handled),
        session.starts,
    );
    let mut replayed = 0;
    match session.restore(now) {
        Restored::Resume(session) => {
            replayed = unhandled;
            saved.session = Some(session);
        }
        Restored::Skip { session, skipped } => {
            let (first, last) = (session.handled - skipped + 1, session.handled);
            tracing::error!(target: "smalld", shard, "{seen} starts have ended before an event after the saved watermark was handled, as if it ended the process: {skipped} events are skipped, those with seq {first} to {last}");
            saved.session = Some(session);
        }
        Restored::Stale => {
            tracing::info!(target: "smalld", shard, "the saved session is not resumed: it is stale, as Discord was last heard of more than ten minutes ago; {unhandled} events that had been received and not handled are not replayed");
        }
    }
    (saved, replayed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::SavedSession;

    fn origin() -> Configuration {
        Configuration {
            bot: Some("7".to_owned()),
            base_url: "https://discord.com/api/v10".to_owned(),
            shard_count: 2,
            intents: 513,
            identify: Map::new(),
        }
    }

    fn document() -> Document {
        let alive = crate::gateway::unix(SystemTime::now());
        let session = SavedSession {
            id: "sid".to_owned(),
            resume_url: "wss://r".to_owned(),
            handled: 41,
            received: 44,
            starts: 0,
            alive,
        };
        let saved = Checkpoint {
            shard: 1,
            session: Some(session),
            begun: 3,
            last_begun: alive,
        };
        Document::new(origin(), vec![saved])
    }

    fn restored(document: &Document, origin: &Configuration, shard: u32) -> (Checkpoint, u64) {
        restore(Some(document), origin, shard, SystemTime::now())
    }

    #[test]
    fn what_was_written_is_read_and_resumed() {
        let written = document();
        let read = Document::parse(&written.text()).unwrap();
        assert_eq!(read, written);
        let (saved, unhandled) = restored(&read, &origin(), 1);
        assert_eq!((saved, unhandled), (written.shards[0].clone(), 3));
        let (saved, _) = restored(&read, &origin(), 0);
        assert_eq!((saved.session, saved.begun), (None, 0), "another shard");
    }

    #[test]
    fn what_is_of_something_else_is_not_resumed_but_counts_as_begun() {
        let changed = |change: &dyn Fn(&mut Configuration)| {
            let mut origin = origin();
            change(&mut origin);
            let (saved, _) = restored(&document(), &origin, 1);
            (saved.session.is_some(), saved.begun)
        };
        assert_eq!(changed(&|_| {}), (true, 3));
        assert_eq!(changed(&|origin| origin.intents = 1), (false, 3));
        assert_eq!(changed(&|origin| origin.base_url.push('1')), (false, 3));
        assert_eq!(
            changed(&|origin| drop(origin.identify.insert("presence".into(), Value::Null))),
            (false, 3)
        );
        // The budget is another bot's, too, and the numbers are other shards'.
        assert_eq!(
            changed(&|origin| origin.bot = Some("8".to_owned())),
            (false, 0)
        );
        assert_eq!(changed(&|origin| origin.shard_count = 3), (false, 0));
    }

    #[test]
    fn where_the_bot_cannot_be_asked_for_its_id_it_is_taken_for_the_same() {
        let mut unknown = origin();
        unknown.bot = None;
        assert!(restored(&document(), &unknown, 1).0.session.is_some());
        // And so it is where the process before could not ask.
        let mut of_unknown = document();
        of_unknown.origin.bot = None;
        let (saved, _) = restored(&of_unknown, &origin(), 1);
        assert!(saved.session.is_some() && saved.begun == 3, "{saved:?}");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"version":2,"new":true}"#,
            r#"{"version":1}"#,
        ] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
        let newer = Document::parse(r#"{"version":2,"new":true}"#).unwrap_err();
        assert!(newer.contains("version 2"), "{newer}");
    }
}
