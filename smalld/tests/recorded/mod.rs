//! Recorded compressed gateway streams, from `tests/data/compressed`.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each user needs only a part of this"
)]

use serde::Deserialize;
use serde_json::Value;

pub const PAYLOAD: &str = include_str!("../data/compressed/zlib_payload.json");
pub const ZLIB: &str = include_str!("../data/compressed/zlib_stream.json");
pub const ZLIB_BAD_TEXT: &str = include_str!("../data/compressed/zlib_stream_bad_text.json");
pub const ZLIB_CORRUPT: &str = include_str!("../data/compressed/zlib_stream_corrupt.json");
pub const ZSTD: &str = include_str!("../data/compressed/zstd_stream.json");

/// The frames of a server, and the messages in them.
#[derive(Deserialize)]
pub struct Recorded {
    frames_base64: Vec<String>,
    /// How many messages are complete after each frame.
    #[serde(default)]
    pub messages_after: Vec<usize>,
    pub messages: Vec<Value>,
}

impl Recorded {
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap()
    }

    pub fn frames(&self) -> Vec<Vec<u8>> {
        self.frames_base64
            .iter()
            .map(|frame| base64(frame))
            .collect()
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut waiting) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = digits.iter().position(|digit| *digit == byte).unwrap();
        bits = bits << 6 | u32::try_from(digit).unwrap();
        waiting += 6;
        if waiting >= 8 {
            waiting -= 8;
            bytes.push((bits >> waiting).to_le_bytes()[0]);
        }
    }
    bytes
}
