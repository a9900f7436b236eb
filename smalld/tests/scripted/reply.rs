//! Responses of the scripted server, and when it sends them.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;

use super::wire::Connection;

#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    drops: bool,
}

/// Holds replies back until it is opened.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    pub fn open(&self) {
        self.0.close();
    }
}

impl Reply {
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            gate: None,
            drops: false,
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        let reply = Self::text(status, body.to_string());
        reply.header("content-type", "application/json")
    }

    /// 200 and an empty object.
    pub fn ok() -> Self {
        Self::json(200, &serde_json::json!({}))
    }

    /// 429 with a body as Discord sends it.
    pub fn too_many(retry_after: f64) -> Self {
        let body = serde_json::json!({
            "message": "You are being rate limited.",
            "retry_after": retry_after,
            "global": false,
        });
        Self::json(429, &body)
            .header("via", "1.1 google")
            .header("x-ratelimit-scope", "user")
    }

    /// A response from `data/rest`, as Discord sends it.
    pub fn fixture(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rest");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("a file");
        let fixture: Value = serde_json::from_str(&text).expect("JSON");
        let response = &fixture["response"];
        let body = match (&response["body"], response["body_text"].as_str()) {
            (Value::Null, text) => text.unwrap_or_default().to_owned(),
            (body, _) => body.to_string(),
        };
        let status = response["status"].as_u64().expect("a status");
        let mut reply = Self::text(u16::try_from(status).expect("a status"), body);
        for (name, value) in response["headers"].as_object().expect("headers") {
            reply = reply.header(name, value.as_str().expect("a value"));
        }
        reply
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds rate limit headers, from the form `hash limit/remaining reset-after`.
    pub fn limits(self, h: &str) -> Self {
        let (hash, rest) = h.split_once(' ').expect("a hash");
        let (counts, after) = rest.split_once(' ').expect("counts");
        let (limit, remaining) = counts.split_once('/').expect("a slash");
        self.header("X-RateLimit-Bucket", hash)
            .header("X-RateLimit-Limit", limit)
            .header("X-RateLimit-Remaining", remaining)
            .header("X-RateLimit-Reset-After", after)
    }

    /// Responds when the gate is opened.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Reads the request and closes the connection without a response.
    pub fn dropped() -> Self {
        let mut reply = Self::text(0, "");
        reply.drops = true;
        reply
    }

    /// Whether the connection stays open.
    pub(super) async fn send(&self, connection: &mut Connection) -> bool {
        if let Some(gate) = &self.gate {
            // Closed is open: nothing is ever acquired.
            let _ = gate.0.acquire().await;
        }
        if self.drops {
            return false;
        }
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if self.status != 204 {
            head.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        connection.write(head.as_bytes()).await && connection.write(&self.body).await
    }
}
