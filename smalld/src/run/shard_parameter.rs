//! `Shard` as a parameter of handlers: where events and the gateway meet.

use crate::bot::SmallD;
use crate::dispatch::FromEvent;
use crate::error::BoxError;
use crate::event::Payload;
use crate::gateway::Shard;

impl FromEvent<'_> for Shard {
    fn from_event(bot: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        let shard = payload
            .shard()
            .and_then(|(id, _)| bot.shards().find(|shard| shard.id() == id));
        shard.ok_or_else(|| "no shard of this bot received the event".into())
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        if bot.has_gateway() {
            return Ok(());
        }
        Err("`Shard` needs the gateway, and `source` has put another source in its place; take the shard's id from `Payload::shard`".to_owned())
    }
}
