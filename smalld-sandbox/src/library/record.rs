//! What a test can read about the past: messages, requests, and payloads that bots sent.

use serde_json::Value;

use crate::library::sandbox::Sandbox;
use crate::rest::request::Request;

impl Sandbox {
    /// The messages of the guild's channel, oldest first, as in events.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.hub
            .look(|state| state.world.messages(state.world.general()))
    }

    /// The REST requests so far, oldest first; at most the newest 10,000.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.hub
            .look(|state| state.requests.iter().cloned().collect())
    }

    /// What the bot that [`run`](Self::run) runs has reported through `tracing` so far, oldest first: level,
    /// target, message and fields. At most the newest 200 lines.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.hub.log.lines()
    }

    /// What was sent to bots over the gateway, oldest first, also if it did not arrive; at most the newest
    /// 10,000. Texts that are not JSON are left out.
    #[must_use]
    pub fn sent_payloads(&self) -> Vec<Value> {
        let texts: Vec<_> = self.hub.look(|state| {
            let sent = &state.gateway.connections.sent;
            sent.iter().cloned().collect()
        });
        let parsed = texts.iter().map(|text| serde_json::from_str(text));
        parsed.filter_map(Result::ok).collect()
    }

    /// What bots sent over the gateway, oldest first, without their tokens; at most the newest 10,000.
    /// Texts that are not JSON with an opcode are left out.
    #[must_use]
    pub fn gateway_payloads(&self) -> Vec<Value> {
        self.hub
            .look(|state| state.payloads.iter().cloned().collect())
    }
}
