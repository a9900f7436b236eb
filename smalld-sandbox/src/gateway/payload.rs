//! Payloads that a bot sends over the gateway: a text becomes a [`Payload`], or a close code.

use serde_json::Value;

use super::close::{self, Close};

/// Discord's bound of one payload, in bytes.
const MAX_BYTES: usize = 4096;
/// A longer nonce is silently ignored.
const MAX_NONCE_LENGTH: usize = 32;
const MAX_MEMBERS_BY_NAME: usize = 100;

#[derive(Debug, PartialEq)]
pub(crate) enum Payload {
    /// With the number of the newest dispatch that the bot has seen.
    Heartbeat(Option<u64>),
    Identify(Identify),
    Resume(Resume),
    RequestMembers(RequestMembers),
    RequestSounds(Vec<String>),
    RequestChannelInfo(String),
    VoiceState(VoiceState),
    /// A presence, which is accepted and has no effect.
    Unanswered,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Identify {
    pub(crate) token: String,
    pub(crate) intents: u64,
    pub(crate) shard: Option<(u64, u64)>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Resume {
    pub(crate) token: String,
    pub(crate) session_id: String,
    pub(crate) seq: u64,
}

/// The bot connects to a voice channel, or without one disconnects.
#[derive(Debug, PartialEq)]
pub(crate) struct VoiceState {
    pub(crate) guild_id: String,
    pub(crate) channel_id: Option<String>,
    pub(crate) self_mute: bool,
    pub(crate) self_deaf: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct RequestMembers {
    pub(crate) guild_id: String,
    pub(crate) which: Which,
    pub(crate) presences: bool,
    pub(crate) nonce: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Which {
    /// A prefix of the name, and how many members at most; 0 is all.
    Named(String, usize),
    /// Ids as they were sent; a value that is not an id is echoed.
    Users(Vec<Value>),
}

/// The JSON of a frame, if it has an opcode and is not too large.
pub(crate) fn decode(text: &str) -> Result<Value, Close> {
    if text.len() > MAX_BYTES {
        return Err(close::DECODE_ERROR);
    }
    serde_json::from_str(text)
        .ok()
        .filter(|payload: &Value| payload["op"].is_u64())
        .ok_or(close::DECODE_ERROR)
}

impl Payload {
    pub(crate) fn read(payload: &Value) -> Result<Self, Close> {
        let d = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) if d.is_null() || d.is_u64() => Ok(Self::Heartbeat(d.as_u64())),
            Some(2) => identify(d).map(Self::Identify),
            Some(3) if d.is_object() => Ok(Self::Unanswered),
            Some(4) => voice_state(d)
                .ok_or(close::DECODE_ERROR)
                .map(Self::VoiceState),
            Some(6) => resume(d).ok_or(close::DECODE_ERROR).map(Self::Resume),
            Some(8) => members(d)
                .ok_or(close::DECODE_ERROR)
                .map(Self::RequestMembers),
            Some(31) => guild_ids(d)
                .ok_or(close::DECODE_ERROR)
                .map(Self::RequestSounds),
            Some(43) => text(&d["guild_id"])
                .ok_or(close::DECODE_ERROR)
                .map(Self::RequestChannelInfo),
            Some(1 | 3) => Err(close::DECODE_ERROR),
            _ => Err(close::UNKNOWN_OPCODE),
        }
    }
}

fn identify(d: &Value) -> Result<Identify, Close> {
    let token = text(&d["token"]).ok_or(close::DECODE_ERROR)?;
    if !d["properties"].is_object() {
        return Err(close::DECODE_ERROR);
    }
    let intents = d["intents"].as_u64().ok_or(close::INVALID_INTENTS)?;
    let shard = match &d["shard"] {
        Value::Null => None,
        pair => Some(shard(pair).ok_or(close::INVALID_SHARD)?),
    };
    Ok(Identify {
        token,
        intents,
        shard,
    })
}

fn voice_state(d: &Value) -> Option<VoiceState> {
    Some(VoiceState {
        guild_id: text(&d["guild_id"])?,
        channel_id: text(&d["channel_id"]),
        self_mute: d["self_mute"] == true,
        self_deaf: d["self_deaf"] == true,
    })
}

fn shard(pair: &Value) -> Option<(u64, u64)> {
    let [id, count] = pair.as_array()?.as_slice() else {
        return None;
    };
    let (id, count) = (id.as_u64()?, count.as_u64()?);
    (id < count).then_some((id, count))
}

fn resume(d: &Value) -> Option<Resume> {
    let (token, session_id) = (text(&d["token"])?, text(&d["session_id"])?);
    Some(Resume {
        token,
        session_id,
        seq: d["seq"].as_u64()?,
    })
}

fn members(d: &Value) -> Option<RequestMembers> {
    let which = match (&d["query"], &d["user_ids"]) {
        (Value::String(start), Value::Null) => Which::Named(start.clone(), limit(&d["limit"])?),
        (Value::Null, Value::Array(users)) => Which::Users(users.clone()),
        (Value::Null, user @ (Value::String(_) | Value::Number(_))) => {
            Which::Users(vec![user.clone()])
        }
        _ => return None,
    };
    Some(RequestMembers {
        guild_id: text(&d["guild_id"])?,
        which,
        presences: d["presences"].as_bool().unwrap_or(false),
        nonce: text(&d["nonce"]).filter(|nonce| nonce.len() <= MAX_NONCE_LENGTH),
    })
}

/// At most a hundred; 0 is everybody.
fn limit(limit: &Value) -> Option<usize> {
    let limit = usize::try_from(limit.as_u64()?).ok()?;
    Some(limit.min(MAX_MEMBERS_BY_NAME))
}

fn guild_ids(d: &Value) -> Option<Vec<String>> {
    d["guild_ids"].as_array()?.iter().map(text).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(payload: &Value) -> Option<u16> {
        Payload::read(payload).err().map(|close| close.code)
    }

    fn identify(d: &Value) -> Value {
        let mut identify =
            json!({ "op": 2, "d": { "token": "t", "intents": 0, "properties": {} } });
        for (key, value) in d.as_object().into_iter().flatten() {
            identify["d"][key] = value.clone();
        }
        identify
    }

    #[test]
    fn a_malformed_payload_is_a_decode_error() {
        for text in ["", "{", "[]", "1", "{}", r#"{"op":"1"}"#, r#"{"op":-1}"#] {
            assert_eq!(decode(text), Err(close::DECODE_ERROR), "{text}");
        }
    }

    #[test]
    fn the_maximum_is_counted_in_bytes() {
        let with = |letters: usize| json!({ "op": 3, "d": "ü".repeat(letters) }).to_string();
        assert!(decode(&with(2000)).is_ok());
        assert!(with(2045).chars().count() < MAX_BYTES && decode(&with(2045)).is_err());
    }

    #[test]
    fn an_unknown_opcode_has_another_code_than_a_malformed_payload() {
        for op in [0, 5, 7, 9, 10, 11, 12, 99] {
            assert_eq!(code(&json!({ "op": op, "d": null })), Some(4001), "{op}");
        }
        assert_eq!(code(&json!({ "op": 1, "d": "7" })), Some(4002));
        assert_eq!(code(&json!({ "op": 6, "d": { "token": "t" } })), Some(4002));
    }

    #[test]
    fn each_mistake_in_identify_has_its_close_code() {
        assert_eq!(code(&identify(&json!({}))), None);
        assert_eq!(code(&identify(&json!({ "token": null }))), Some(4002));
        assert_eq!(code(&identify(&json!({ "properties": null }))), Some(4002));
        assert_eq!(code(&identify(&json!({ "intents": null }))), Some(4013));
        for shard in [
            json!([1, 1]),
            json!([0]),
            json!("0"),
            json!([0, 0]),
            json!([-1, 2]),
        ] {
            assert_eq!(
                code(&identify(&json!({ "shard": shard }))),
                Some(4010),
                "{shard}"
            );
        }
    }

    #[test]
    fn members_are_requested_by_name_or_by_id() {
        let request = |d: Value| Payload::read(&json!({ "op": 8, "d": d }));
        let by_name = request(json!({ "guild_id": "1", "query": "a", "limit": 500 }));
        let Ok(Payload::RequestMembers(by_name)) = by_name else {
            panic!("{by_name:?}")
        };
        assert_eq!(by_name.which, Which::Named("a".to_owned(), 100));
        let both = json!({ "guild_id": "1", "query": "a", "limit": 1, "user_ids": ["2"] });
        assert_eq!(request(both), Err(close::DECODE_ERROR));
        let long = "n".repeat(33);
        let Ok(Payload::RequestMembers(by_id)) =
            request(json!({ "guild_id": "1", "user_ids": "2", "nonce": long }))
        else {
            panic!("refused")
        };
        assert_eq!(
            (by_id.which, by_id.nonce),
            (Which::Users(vec![json!("2")]), None)
        );
    }
}
