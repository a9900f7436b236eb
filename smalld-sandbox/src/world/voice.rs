//! Voice: who is in which voice channel, and the stages. No sound is carried.

use serde_json::{Map, Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::token;

/// Types of channels that users connect to.
const VOICE: u64 = 2;
const STAGE: u64 = 13;

/// How a user is connected to voice.
#[derive(Clone, Debug)]
pub(crate) struct VoiceState {
    pub(crate) channel: Snowflake,
    session_id: String,
    self_mute: bool,
    self_deaf: bool,
    suppress: bool,
    request_to_speak: Option<String>,
}

impl World {
    /// Connects a user to a voice or stage channel, moves them there, or without a channel disconnects
    /// them.
    pub(crate) fn connect(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        channel: Option<Snowflake>,
        (self_mute, self_deaf): (bool, bool),
    ) -> Result<(), Refusal> {
        let of_guild = self.guild(guild)?;
        if !of_guild.members.contains_key(&user) {
            return Err(Refusal::UnknownMember);
        }
        let before = of_guild.voice_states.get(&user).cloned();
        let Some(channel) = channel else {
            if before.is_some() {
                self.tell_voice_state(guild, user, None);
            }
            return Ok(());
        };
        let kind = self.kind_of(guild, channel)?;
        let session_id = before.map(|before| before.session_id);
        let state = VoiceState {
            channel,
            session_id: session_id.unwrap_or_else(new_session),
            self_mute,
            self_deaf,
            // The audience of a stage is silent until a moderator lets it speak.
            suppress: kind == STAGE,
            request_to_speak: None,
        };
        self.tell_voice_state(guild, user, Some(state));
        if user == self.bot {
            let endpoint = "127.0.0.1:443";
            let data = json!({ "token": new_session(), "endpoint": endpoint });
            self.tell_guild(guild, "VOICE_SERVER_UPDATE", data);
        }
        Ok(())
    }

    pub(crate) fn voice_state_json(
        &self,
        guild: Snowflake,
        user: Snowflake,
    ) -> Result<Value, Refusal> {
        let state = self.guild(guild)?.voice_states.get(&user);
        let state = state.ok_or(Refusal::UnknownVoiceState)?;
        Ok(self.voice_json(guild, user, Some(state)))
    }

    /// The voice states of a guild, as in `GUILD_CREATE`.
    pub(crate) fn voice_states(&self, guild: Snowflake) -> Value {
        let of_guild = self.guilds.get(&guild).into_iter();
        let states = of_guild.flat_map(|guild| &guild.voice_states);
        let states = states.map(|(user, state)| self.voice_json(guild, *user, Some(state)));
        states.collect()
    }

    /// Changes what a moderator, or on a stage the user, may change.
    pub(crate) fn edit_voice_state(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        fields: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let state = self.guild(guild)?.voice_states.get(&user);
        let mut state = state.cloned().ok_or(Refusal::UnknownVoiceState)?;
        let id = |key: &str| fields.get(key)?.as_str().and_then(Snowflake::parse);
        if id("channel_id").is_some_and(|channel| channel != state.channel) {
            return Err(Refusal::NotInVoice);
        }
        if self.kind_of(guild, state.channel)? != STAGE {
            return Err(Refusal::WrongChannelType);
        }
        if let Some(suppress) = fields.get("suppress").and_then(Value::as_bool) {
            state.suppress = suppress;
        }
        if let Some(time) = fields.get("request_to_speak_timestamp") {
            state.request_to_speak = time.as_str().map(ToOwned::to_owned);
        }
        self.tell_voice_state(guild, user, Some(state));
        Ok(())
    }

    fn tell_voice_state(&mut self, guild: Snowflake, user: Snowflake, state: Option<VoiceState>) {
        let data = self.voice_json(guild, user, state.as_ref());
        if let Ok(guild) = self.guild_mut(guild) {
            match state {
                Some(state) => drop(guild.voice_states.insert(user, state)),
                None => drop(guild.voice_states.remove(&user)),
            }
        }
        self.tell_guild(guild, "VOICE_STATE_UPDATE", data);
    }

    fn voice_json(&self, guild: Snowflake, user: Snowflake, state: Option<&VoiceState>) -> Value {
        let member = self.member(guild, user).unwrap_or_default();
        let flag = |value: fn(&VoiceState) -> bool| state.is_some_and(value);
        json!({
            "guild_id": guild,
            "channel_id": state.map(|state| state.channel),
            "user_id": user,
            "session_id": state.map_or_else(new_session, |state| state.session_id.clone()),
            "mute": member["mute"],
            "deaf": member["deaf"],
            "self_mute": flag(|state| state.self_mute),
            "self_deaf": flag(|state| state.self_deaf),
            "self_video": false,
            "self_stream": false,
            "suppress": flag(|state| state.suppress),
            "request_to_speak_timestamp": state.and_then(|state| state.request_to_speak.clone()),
            "member": member,
        })
    }

    /// The type of a channel of this guild to which users connect.
    fn kind_of(&self, guild: Snowflake, channel: Snowflake) -> Result<u64, Refusal> {
        let channel = self.channel(channel)?;
        let json = self.channel_json(channel);
        match json["type"].as_u64() {
            Some(kind @ (VOICE | STAGE)) if channel.guild() == Some(guild) => Ok(kind),
            _ => Err(Refusal::WrongChannelType),
        }
    }

    /// The stage that is open in a channel.
    pub(crate) fn stage(&self, channel: Snowflake) -> Result<&Value, Refusal> {
        let guild = self.channel(channel)?.guild();
        let guild = guild.and_then(|guild| self.guilds.get(&guild));
        let stage = guild.and_then(|guild| guild.stages.get(&channel));
        stage.ok_or(Refusal::UnknownStageInstance)
    }

    pub(crate) fn open_stage(
        &mut self,
        channel: Snowflake,
        topic: &Value,
        event: &Value,
        now: u64,
    ) -> Result<Value, Refusal> {
        let guild = self.channel(channel)?.guild();
        let guild = guild.ok_or(Refusal::WrongChannelType)?;
        if self.kind_of(guild, channel)? != STAGE {
            return Err(Refusal::WrongChannelType);
        }
        if self.stage(channel).is_ok() {
            return Err(Refusal::StageIsOpen);
        }
        let stage = json!({
            "id": self.ids.next(now),
            "guild_id": guild,
            "channel_id": channel,
            "topic": topic,
            "privacy_level": 2,
            "discoverable_disabled": true,
            "guild_scheduled_event_id": event,
        });
        self.guild_mut(guild)?.stages.insert(channel, stage.clone());
        self.tell_guild(guild, "STAGE_INSTANCE_CREATE", stage.clone());
        Ok(stage)
    }

    pub(crate) fn edit_stage(
        &mut self,
        channel: Snowflake,
        topic: &Value,
    ) -> Result<Value, Refusal> {
        let mut stage = self.stage(channel)?.clone();
        if topic.is_string() {
            stage["topic"] = topic.clone();
        }
        self.replace_stage(channel, Some(stage.clone()));
        Ok(stage)
    }

    pub(crate) fn close_stage(&mut self, channel: Snowflake) -> Result<(), Refusal> {
        self.stage(channel)?;
        self.replace_stage(channel, None);
        Ok(())
    }

    fn replace_stage(&mut self, channel: Snowflake, stage: Option<Value>) {
        let Some(guild) = self.guild_of(channel) else {
            return;
        };
        let Ok(of_guild) = self.guild_mut(guild) else {
            return;
        };
        let (name, data) = if let Some(stage) = stage {
            of_guild.stages.insert(channel, stage.clone());
            ("STAGE_INSTANCE_UPDATE", stage)
        } else {
            let stage = of_guild.stages.remove(&channel);
            ("STAGE_INSTANCE_DELETE", stage.unwrap_or_default())
        };
        self.tell_guild(guild, name, data);
    }
}

fn new_session() -> String {
    token::hexadecimal(32)
}
