//! Decides which of the saved sessions a bot that starts now may resume, and after which event. Pure.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::gateway::checkpoint::document::{
    Checkpoint, Configuration, Document, SavedSession, unix_seconds,
};
use crate::gateway::checkpoint::poison::{ResumeFrom, resume_from};

#[cfg(test)]
mod tests;

/// A session that has not been heard from for longer is not resumed. Discord keeps sessions for a
/// few minutes.
const MAX_AGE: Duration = Duration::from_secs(600);

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

impl SavedSession {
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
