//! A payload that a user sends. Refuses payloads for which Discord would close the connection, and
//! those that it would silently ignore.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// See [Discord Docs/Sending Events](https://discord.com/developers/docs/events/gateway#sending-events).
const MAX_PAYLOAD_BYTES: usize = 4096;
/// See [Discord Docs/Request Guild Members](https://discord.com/developers/docs/events/gateway-events#request-guild-members).
const MAX_NONCE_BYTES: usize = 32;
const PRESENCE_UPDATE: u64 = 3;
const REQUEST_GUILD_MEMBERS: u64 = 8;

/// The serialized payload, and the fields that smalld needs.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingPayload {
    pub(crate) text: String,
    op: Option<u64>,
    guild: Option<u64>,
}

impl OutgoingPayload {
    pub(crate) fn new(payload: &impl Serialize) -> Result<Self> {
        let json_error =
            |error| Error::json("the gateway payload cannot be written as JSON", error);
        let text = serde_json::to_string(payload).map_err(json_error)?;
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(Error::gateway(format!(
                "a gateway payload of {} bytes was not sent: Discord's limit is {MAX_PAYLOAD_BYTES} bytes",
                text.len()
            )));
        }
        let json: Value = serde_json::from_str(&text).map_err(json_error)?;
        let (op, d) = (json["op"].as_u64(), &json["d"]);
        if op == Some(REQUEST_GUILD_MEMBERS) {
            check_nonce(d)?;
        }
        let guild = snowflake(&d["guild_id"]);
        Ok(Self { text, op, guild })
    }

    /// The payload as JSON again.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text)
            .map_err(|error| Error::json("the gateway payload cannot be written as JSON", error))
    }

    pub(crate) fn op(&self) -> Option<u64> {
        self.op
    }

    pub(crate) fn is_presence(&self) -> bool {
        self.op == Some(PRESENCE_UPDATE)
    }

    /// The guild in `d.guild_id`, if there is one.
    pub(crate) fn guild(&self) -> Option<u64> {
        self.guild
    }
}

fn check_nonce(d: &Value) -> Result<()> {
    match d["nonce"].as_str() {
        Some(nonce) if nonce.len() > MAX_NONCE_BYTES => Err(Error::gateway(format!(
            "a request for guild members was not sent: its nonce has {} bytes, and Discord ignores nonces of more than {MAX_NONCE_BYTES} bytes",
            nonce.len()
        ))),
        _ => Ok(()),
    }
}

/// Discord writes ids as strings, but a user may have serialized a `u64`.
pub(crate) fn snowflake(id: &Value) -> Option<u64> {
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

/// The shard that a guild belongs to.
///
/// See [Discord Docs/Sharding](https://discord.com/developers/docs/events/gateway#sharding).
pub(crate) fn shard_of(guild: u64, count: u32) -> u32 {
    let shard = (guild >> 22) % u64::from(count.max(1));
    u32::try_from(shard).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn case_d8_a_guild_is_routed_by_all_64_bits_of_its_id() {
        assert_eq!(shard_of(1_073_894_697_862_299_651, 16), 1);
        assert_eq!(shard_of(u64::MAX, 1), 0);
        for id in [
            json!("1073894697862299651"),
            json!(1_073_894_697_862_299_651_u64),
        ] {
            let payload = json!({ "op": 4, "d": { "guild_id": id } });
            let guild = OutgoingPayload::new(&payload).unwrap().guild();
            assert_eq!(guild, Some(1_073_894_697_862_299_651));
        }
    }

    #[test]
    fn case_f7_a_nonce_that_is_too_long_is_an_error() {
        let request = |nonce: &str| {
            let d = json!({ "guild_id": "1", "query": "", "limit": 0, "nonce": nonce });
            OutgoingPayload::new(&json!({ "op": 8, "d": d }))
        };
        assert!(request(&"n".repeat(32)).is_ok());
        let error = request(&format!("{}é", "n".repeat(31))).unwrap_err();
        assert!(error.to_string().contains("33 bytes"), "{error}");
    }

    #[test]
    fn the_serialized_text_is_unchanged() {
        #[derive(Serialize)]
        struct Odd {
            op: u64,
            b: u64,
            a: u64,
        }
        let outgoing = OutgoingPayload::new(&Odd { op: 55, b: 1, a: 2 }).unwrap();
        assert_eq!(outgoing.text, r#"{"op":55,"b":1,"a":2}"#);
        assert_eq!((outgoing.op(), outgoing.guild()), (Some(55), None));
    }
}
