//! Events of the world, as the gateway dispatches them.

use serde_json::Value;

use crate::world::snowflake::Snowflake;

/// One dispatch before it belongs to a session: no sequence number, nothing withheld.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) data: Value,
    /// Where it happened; none for direct messages. Decides the shard and the intents it needs.
    pub(crate) guild: Option<Snowflake>,
    /// The intents of which a session needs one, if they are not those of the event's name.
    pub(crate) intents: Option<u64>,
    /// Whether it goes over the gateway; what only one user sees does not.
    pub(crate) is_dispatched: bool,
}
