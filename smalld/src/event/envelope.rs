//! The envelope of a payload: op, s and t, with `d` found but not looked into. It is read first and
//! alone, so that an event that nobody wants costs one scan and no allocation.

use std::borrow::Cow;
use std::ops::Range;

use crate::event::scan;

/// The envelope of a gateway payload, borrowed from the frame.
///
/// See [Discord Docs/Gateway Event Payload Structure](https://discord.com/developers/docs/events/gateway-events#payload-structure).
#[derive(Debug, Default)]
pub(crate) struct Envelope<'a> {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    t: Option<Cow<'a, str>>,
    d: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Reads it, or says why this is no payload. Other members than these four are passed over.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let (mut op, mut s, mut t, mut d) = (None, None, None, None);
        for member in scan::members(text) {
            let (key, value) =
                member.map_err(|mistake| format!("no JSON object at byte {}", mistake.at))?;
            match key {
                "op" => op = Some(scan::integer(value).ok_or("`op` is no number")?),
                "s" if value == "null" => s = None,
                "s" => s = Some(scan::integer(value).ok_or("`s` is no number")?),
                "t" => t = name(value)?,
                "d" => d = Some(value),
                _ => {}
            }
        }
        Ok(Self {
            op: op.ok_or("no `op`")?,
            s,
            t,
            d,
        })
    }

    pub(crate) fn t(&self) -> Option<&str> {
        self.t.as_deref()
    }

    /// The raw text of `d`; `null` where it is absent.
    pub(crate) fn d(&self) -> &'a str {
        self.d.unwrap_or("null")
    }

    /// Where in the text that this was read from `d` lies; empty where it is absent.
    pub(crate) fn place_of_d(&self, text: &str) -> Range<usize> {
        self.d.map_or(0..0, |d| {
            let start = d.as_ptr() as usize - text.as_ptr() as usize;
            start..start + d.len()
        })
    }
}

/// A name or null.
fn name(value: &str) -> Result<Option<Cow<'_, str>>, &'static str> {
    if value == "null" {
        return Ok(None);
    }
    let name = scan::string(value).and_then(scan::decoded);
    name.map(Some).ok_or("`t` is no name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_in_any_order_and_d_is_left_as_it_came() {
        let envelope = Envelope::parse(r#"{"d":{"a": 1},"op":0,"x":[],"s":7,"t":"A_B"}"#).unwrap();
        assert_eq!(
            (envelope.op, envelope.s, envelope.t(), envelope.d()),
            (0, Some(7), Some("A_B"), r#"{"a": 1}"#)
        );
    }

    #[test]
    fn case_a6_absent_and_null_are_the_same() {
        let envelope = Envelope::parse(r#"{"op":11}"#).unwrap();
        assert_eq!(
            (envelope.s, envelope.t(), envelope.d()),
            (None, None, "null")
        );
        let envelope = Envelope::parse(r#"{"op":11,"t":null,"s":null,"d":null}"#).unwrap();
        assert_eq!(
            (envelope.s, envelope.t(), envelope.d()),
            (None, None, "null")
        );
    }

    #[test]
    fn what_is_no_payload_is_an_error() {
        for text in [
            r#"{"op":0,"t":"X","s":5,"#,
            "[]",
            "42",
            "\"x\"",
            "null",
            r#"{"d":1}"#,
            r#"{"op":"0"}"#,
        ] {
            assert!(Envelope::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_escaped_name_is_decoded() {
        assert_eq!(
            Envelope::parse(r#"{"op":0,"t":"\u0041"}"#).unwrap().t(),
            Some("A")
        );
    }

    #[test]
    fn case_e5_sequence_numbers_beyond_53_bits_are_kept() {
        assert_eq!(
            Envelope::parse(r#"{"op":0,"s":9007199254740993}"#)
                .unwrap()
                .s,
            Some(9_007_199_254_740_993)
        );
    }
}
