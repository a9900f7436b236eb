//! The shards that a process runs.

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
    /// All shards, as many as Discord recommends when the bot starts.
    Recommended,
    /// Some or all of a fixed number of shards. Created by [`count`](Self::count) and
    /// [`range`](Self::range).
    #[non_exhaustive]
    Range {
        /// The ids of the shards that this process runs.
        ids: Range<u32>,
        /// How many shards the bot has in all processes.
        count: u32,
    },
}

impl Shards {
    /// This many shards, all of them in this process.
    #[must_use]
    pub const fn count(count: u32) -> Self {
        Self::range(0..count, count)
    }

    /// The shards with these ids; `count` is the number of shards in all processes.
    #[must_use]
    pub const fn range(ids: Range<u32>, count: u32) -> Self {
        Self::Range { ids, count }
    }

    /// Why this range is invalid, if it is.
    pub(crate) fn invalid_reason(&self) -> Option<String> {
        match self {
            Self::Range { ids, count } if ids.is_empty() || ids.end > *count => Some(format!(
                "the shards {}..{} of {count} are invalid: there must be at least one, and ids must be lower than the count",
                ids.start, ids.end
            )),
            Self::Recommended | Self::Range { .. } => None,
        }
    }

    /// The shards, unless Discord has to be asked how many.
    fn fixed_shards(&self) -> Option<Arc<[Shard]>> {
        match self {
            Self::Recommended => None,
            Self::Range { ids, count } => {
                Some(ids.clone().map(|id| Shard::new(id, *count)).collect())
            }
        }
    }
}

/// A bot's shards. They are known from the start, or once Discord has recommended a number.
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

    /// The shards, or none if they are not known yet.
    pub(crate) fn known(&self) -> Arc<[Shard]> {
        self.0.borrow().clone().unwrap_or_default()
    }

    /// Sets the number that Discord recommends, if it is needed. Returns the bot's shards.
    pub(crate) fn set_recommended(&self, count: u32) -> Arc<[Shard]> {
        self.0.send_if_modified(|shards| {
            // Empty if an earlier run ended before the number was known.
            let asked = shards.as_ref().is_none_or(|shards| shards.is_empty());
            if asked {
                *shards = Shards::count(count.max(1)).fixed_shards();
            }
            asked
        });
        self.starting();
        self.known()
    }

    /// The bot has begun to run.
    pub(crate) fn starting(&self) {
        for shard in &*self.known() {
            shard.starting();
        }
    }

    /// There will be no further connection. Waiting payloads fail.
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

    /// Sends a payload on the shard of its guild or, without a guild, on the only shard.
    pub(crate) async fn send(&self, payload: OutgoingPayload) -> Result<()> {
        let mut known = self.0.subscribe();
        // An error would mean that the sender is gone, but it is in `self`.
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
            "the gateway payload was not sent: it has no `d.guild_id`, and this process runs {} shards; choose one of `bot.shards()`, or take `Shard` as a handler parameter, and call its `send_gateway_payload`",
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
    fn a_payload_is_routed_to_the_shard_of_its_guild_or_to_the_only_shard() {
        let of_guild = json!({ "op": 4, "d": { "guild_id": "1073894697862299651" } });
        let of_none = json!({ "op": 3, "d": {} });
        assert_eq!(owner_among(&Shards::count(16), &of_guild), Ok(1));
        assert_eq!(owner_among(&Shards::range(3..4, 16), &of_none), Ok(3));
        let elsewhere = owner_among(&Shards::range(8..16, 16), &of_guild).unwrap_err();
        assert!(elsewhere.contains("shard 1 of 16"), "{elsewhere}");
        let without_guild = owner_among(&Shards::count(16), &of_none).unwrap_err();
        assert!(without_guild.contains("`Shard`"), "{without_guild}");
    }

    #[test]
    fn invalid_ranges_have_a_reason() {
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
