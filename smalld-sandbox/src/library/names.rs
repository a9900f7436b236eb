//! Lookup of ids by the names that tests use. An unknown name panics, and the message says what is
//! there instead.

use crate::hub::State;
use crate::world;
use crate::world::snowflake::Snowflake;

pub(crate) fn find_channel(world: &world::World, guild: Snowflake, name: &str) -> Snowflake {
    let bare = name.strip_prefix('#').unwrap_or(name);
    let by_id = Snowflake::parse(bare).filter(|id| world.channel(*id).is_ok());
    let found = by_id.or_else(|| world.channel_named(guild, bare));
    found.unwrap_or_else(|| panic!("there is no channel `{name}`; `Sandbox::channel` makes one"))
}

/// The id of a registered command, and the guild in which it is registered.
pub(crate) fn registered(
    state: &State,
    guild: Option<Snowflake>,
    kind: u64,
    name: &str,
) -> (Snowflake, Option<Snowflake>) {
    let command = state.world.command_named(guild, kind, name);
    let (id, command) = command.unwrap_or_else(|| {
        let names = state.world.command_names(kind).join("`, `");
        panic!("the bot has no command `{name}` of type {kind}; it has `{names}`")
    });
    (id, command.scope)
}

pub(crate) fn place_of(state: &State, message: &str) -> (Snowflake, Snowflake) {
    let id = Snowflake::parse(message);
    let place = id.and_then(|id| Some((state.world.channel_of(id)?, id)));
    place.unwrap_or_else(|| panic!("there is no message `{message}`"))
}
