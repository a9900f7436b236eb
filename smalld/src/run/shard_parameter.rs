//! `Shard` as a parameter of handlers. It is here because it needs both events and the gateway.

use crate::bot::SmallD;
use crate::dispatch::FromEvent;
use crate::error::BoxError;
use crate::event::Payload;
use crate::gateway::Shard;

impl FromEvent<'_> for Shard {
    fn from_event(bot: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        let shard = payload
            .shard()
            .and_then(|origin| bot.shards().find(|it| (it.id(), it.count()) == origin));
        shard.ok_or_else(|| "no shard of this bot received the event".into())
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        if bot.has_gateway() {
            return Ok(());
        }
        Err("a `Shard` parameter needs the gateway, but the option `source` replaces the gateway: take the shard's id from `Payload::shard` instead".to_owned())
    }
}
