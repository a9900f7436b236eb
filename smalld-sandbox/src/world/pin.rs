//! Pinned messages.

use serde_json::json;

use super::World;
use super::message::{Draft, Message, Reference};
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// Discord's maximum per channel.
const MAX_PINS: usize = 250;
/// The type of the message that says that another one was pinned.
const PIN_ADDED: u64 = 6;

impl World {
    /// Pins a message, and says so in the channel. A message that is pinned stays so.
    pub(crate) fn pin(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let place = self.channel(channel)?;
        let message = place.messages.get(&id).ok_or(Refusal::UnknownMessage)?;
        if message.pinned.is_some() {
            return Ok(());
        }
        let pinned = place.messages.values().filter(|m| m.pinned.is_some());
        if pinned.count() >= MAX_PINS {
            return Err(Refusal::TooManyPins);
        }
        self.message_of(channel, id)?.pinned = Some(now);
        self.channel_mut(channel)?.last_pin = Some(now);
        self.tell_of_pins(channel, id);
        let notice = Draft {
            kind: PIN_ADDED,
            reference: Some(Reference::to(channel, Some(id))),
            ..Draft::default()
        };
        self.post(channel, by, notice, now)?;
        Ok(())
    }

    pub(crate) fn unpin(&mut self, channel: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        if self.message_of(channel, id)?.pinned.take().is_some() {
            self.tell_of_pins(channel, id);
        }
        Ok(())
    }

    /// The pinned messages of a channel and when they were pinned, the last first.
    pub(crate) fn pins(&self, channel: Snowflake) -> Result<Vec<(u64, &Message)>, Refusal> {
        let messages = self.channel(channel)?.messages.values();
        let pins = messages.filter_map(|message| Some((message.pinned?, message)));
        let mut pins: Vec<_> = pins.collect();
        pins.sort_by_key(|(at, message)| (*at, message.id));
        pins.reverse();
        Ok(pins)
    }

    fn tell_of_pins(&mut self, channel: Snowflake, message: Snowflake) {
        self.tell_of_message("MESSAGE_UPDATE", channel, message);
        let last = self.channels.get(&channel).and_then(|c| c.last_pin);
        let data = json!({
            "channel_id": channel, "last_pin_timestamp": last.map(iso8601),
        });
        self.tell("CHANNEL_PINS_UPDATE", channel, data);
    }
}
