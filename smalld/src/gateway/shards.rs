//! Which shards a process runs.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::gateway::handle::{Shard, bot_closed};
use crate::gateway::protocol::outgoing_payload::{OutgoingPayload, shard_of};

/// Which of a bot's shards this process runs; an option of [`Builder`](crate::Builder::shards).
///
/// ```
/// use smalld::gateway::Shards;
/// use smalld::SmallD;
///
/// let all = SmallD::builder().shards(Shards::Recommended);
/// let sixteen = SmallD::builder().shards(Shards::count(16));
/// let first_half = SmallD::builder().shards(Shards::range(0..8, 16));
/// # let _ = (all, sixteen, first_half);
/// ```
///
/// See [Discord Docs/Sharding](https://discord.com/developers/docs/events/gateway#sharding).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shards {
    /// As many as Discord recommends when the bot starts, all of them.
    Recommended,
    /// Some of a number of shards, or all; [`count`](Self::count) and [`range`](Self::range) make
    /// it.
    #[non_exhaustive]
    Range {
        /// Those that this process runs.
        ids: Range<u32>,
        /// How many the bot has in all.
        count: u32,
    },
}

impl Shards {
    /// So many, all of them in this process.
    #[must_use]
    pub const fn count(count: u32) -> Self {
        Self::range(0..count, count)
    }

    /// Those with these ids, of so many in all.
    #[must_use]
    pub const fn range(ids: Range<u32>, count: u32) -> Self {
        Self::Range { ids, count }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn invalid_reason(&self) -> Option<String> {
        match self {
            Self::Range { ids, count } if ids.is_empty() || ids.end > *count => Some(format!(
                "the shards are {}..{} of {count}, but there must be one at least, and ids go from 0 to one less than the count",
                ids.start, ids.end
            )),
            Self::Recommended | Self::Range { .. } => None,
        }
    }

    /// All of them, where that needs no asking.
    fn fixed_shards(&self) -> Option<Arc<[Shard]>> {
        match self {
            Self::Recommended => None,
            Self::Range { ids, count } => {
                Some(ids.clone().map(|id| Shard::new(id, *count)).collect())
            }
        }
    }
}

/// A bot's shards: known from the start, or when Discord has been asked.
#[derive(Debug)]
pub(crate) struct OwnShards(watch::Sender<Option<Arc<[Shard]>>>);

impl OwnShards {
    /// None if the bot does not use the gateway.
    pub(crate) fn new(shards: &Shards, has_gateway: bool) -> Self {
        let shards = if has_gateway {
            shards.fixed_shards()
        } else {
            Some(Arc::default())
        };
        Self(watch::Sender::new(shards))
    }

    /// Those that are known by now.
    pub(crate) fn known(&self) -> Arc<[Shard]> {
        self.0.borrow().clone().unwrap_or_default()
    }

    /// Discord recommends so many; gives those that the bot has.
    pub(crate) fn set_recommended(&self, count: u32) -> Arc<[Shard]> {
        self.0.send_if_modified(|shards| {
            // None, too, where an earlier run ended before it knew.
            let asked = shards.as_ref().is_none_or(|shards| shards.is_empty());
            if asked {
                *shards = Shards::count(count.max(1)).fixed_shards();
            }
            asked
        });
        self.known()
    }

    /// There will be no connection any more.
    pub(crate) fn ended(&self) {
        for shard in &*self.known() {
            shard.ended();
        }
        self.0.send_if_modified(|shards| {
            let never_known = shards.is_none();
            if never_known {
                *shards = Some(Arc::default());
            }
            never_known
        });
    }

    /// Sends a payload by the shard that its guild belongs to, or else the only one.
    pub(crate) async fn send(&self, payload: OutgoingPayload) -> Result<()> {
        let mut known = self.0.subscribe();
        // The sender is here, so waiting cannot fail.
        let shards = known.wait_for(Option::is_some).await;
        let shards = shards.ok().and_then(|shards| shards.clone());
        let shard = owner(&shards.unwrap_or_default(), &payload)?;
        shard.send(payload).await
    }
}

fn owner(shards: &[Shard], payload: &OutgoingPayload) -> Result<Shard> {
    let Some(first) = shards.first() else {
        return Err(bot_closed());
    };
    let count = first.count();
    match payload.guild().map(|guild| (guild, shard_of(guild, count))) {
        Some((guild, id)) => {
            let shard = shards.iter().find(|shard| shard.id() == id);
            shard.cloned().ok_or_else(|| {
                Error::gateway(format!(
                    "the gateway payload was not sent: guild {guild} belongs to shard {id} of {count}, which runs in another process"
                ))
            })
        }
        None if shards.len() == 1 => Ok(first.clone()),
        None => Err(Error::gateway(format!(
            "the gateway payload was not sent: it names no `guild_id`, and this process runs {} shards; take one from `bot.shards()`, or `Shard` as a handler's parameter, and send it there",
            shards.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owner_among(shards: &Shards, payload: &serde_json::Value) -> Result<u32, String> {
        let outgoing = OutgoingPayload::new(payload).unwrap();
        owner(&shards.fixed_shards().unwrap(), &outgoing)
            .map(|shard| shard.id())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_payload_goes_to_the_shard_of_its_guild_or_to_the_only_one() {
        let of_guild = json!({ "op": 4, "d": { "guild_id": "1073894697862299651" } });
        let of_none = json!({ "op": 3, "d": {} });
        assert_eq!(owner_among(&Shards::count(16), &of_guild), Ok(1));
        assert_eq!(owner_among(&Shards::range(3..4, 16), &of_none), Ok(3));
        let elsewhere = owner_among(&Shards::range(8..16, 16), &of_guild).unwrap_err();
        assert!(elsewhere.contains("shard 1 of 16"), "{elsewhere}");
        let undecided = owner_among(&Shards::count(16), &of_none).unwrap_err();
        assert!(undecided.contains("`Shard`"), "{undecided}");
    }

    #[test]
    fn ranges_that_make_no_sense_are_mistakes() {
        assert_eq!(Shards::count(2).invalid_reason(), None);
        for shards in [
            Shards::count(0),
            Shards::range(1..1, 2),
            Shards::range(1..3, 2),
        ] {
            assert!(shards.invalid_reason().is_some(), "{shards:?}");
        }
    }
}
