//! Envelope of an event: `op`, `s` and `t`, and the position of `d`, which is not parsed. An event that
//! no handler wants costs this one scan and no allocation.

use std::borrow::Cow;
use std::ops::Range;

use crate::event::scan;

/// The envelope of an event and its text, which is owned or borrowed from the reader's buffer.
///
/// See [Discord Docs/Gateway Event Payload Structure](https://discord.com/developers/docs/events/gateway-events#payload-structure).
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    t: Option<Cow<'a, str>>,
    text: Cow<'a, str>,
    /// The position of the raw `d` in `text`; empty if it is absent.
    d: Range<usize>,
    /// Whether `text` is only `d`, as in an interaction over HTTP.
    is_bare: bool,
}

impl<'a> Envelope<'a> {
    /// Parses the envelope of a gateway payload. Members other than `op`, `s`, `t` and `d` are
    /// skipped. The error says why the text is not a payload.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let fields = Fields::read(text)?;
        Ok(Self {
            op: fields.op,
            s: fields.s,
            t: fields.t,
            d: fields.d,
            text: Cow::Borrowed(text),
            is_bare: false,
        })
    }

    /// Like [`parse`](Self::parse), for a text that may be owned.
    pub(crate) fn parse_cow(text: Cow<'a, str>) -> Result<Self, String> {
        match text {
            Cow::Borrowed(text) => Self::parse(text),
            Cow::Owned(text) => {
                let Fields { op, s, t, d } = Fields::read(&text)?;
                let t = t.map(|t| Cow::Owned(t.into_owned()));
                let text = Cow::Owned(text);
                Ok(Self {
                    op,
                    s,
                    t,
                    text,
                    d,
                    is_bare: false,
                })
            }
        }
    }

    /// The envelope of an event of which only the name and `d` are known.
    pub(crate) fn bare(t: Cow<'a, str>, d: Cow<'a, str>) -> Self {
        Self {
            op: 0,
            s: None,
            t: Some(t),
            d: 0..d.len(),
            text: d,
            is_bare: true,
        }
    }

    pub(crate) fn t(&self) -> Option<&str> {
        self.t.as_deref()
    }

    /// The raw text of `d`; `null` if it is absent.
    pub(crate) fn d(&self) -> &str {
        d_of(&self.text, &self.d)
    }

    /// The text of the whole payload. It is generated if the event came without an envelope.
    pub(crate) fn whole(&self) -> Cow<'_, str> {
        if self.is_bare {
            Cow::Owned(payload_around(self.op, self.t(), self.s, self.d()))
        } else {
            Cow::Borrowed(&self.text)
        }
    }

    /// Converts into an envelope that owns its text.
    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            op: self.op,
            s: self.s,
            t: self.t.map(|t| t.into_owned().into_boxed_str()),
            text: self.text.into_owned().into_boxed_str(),
            d: self.d,
            is_bare: self.is_bare,
        }
    }
}

/// An envelope that owns its text.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    pub(crate) t: Option<Box<str>>,
    pub(crate) text: Box<str>,
    d: Range<usize>,
    is_bare: bool,
}

impl Parts {
    pub(crate) fn d(&self) -> &str {
        d_of(&self.text, &self.d)
    }

    /// The text of the whole payload; `None` if the event came without an envelope.
    pub(crate) fn whole(&self) -> Option<&str> {
        (!self.is_bare).then_some(&*self.text)
    }

    /// Generates a whole payload from the event's fields.
    pub(crate) fn payload_around(&self) -> String {
        payload_around(self.op, self.t.as_deref(), self.s, self.d())
    }
}

fn d_of<'t>(text: &'t str, d: &Range<usize>) -> &'t str {
    if d.is_empty() {
        "null"
    } else {
        &text[d.clone()]
    }
}

fn payload_around(op: u64, t: Option<&str>, s: Option<u64>, d: &str) -> String {
    let t = serde_json::Value::from(t);
    let s = serde_json::Value::from(s);
    format!(r#"{{"op":{op},"t":{t},"s":{s},"d":{d}}}"#)
}

struct Fields<'t> {
    op: u64,
    s: Option<u64>,
    t: Option<Cow<'t, str>>,
    d: Range<usize>,
}

impl<'t> Fields<'t> {
    fn read(text: &'t str) -> Result<Self, String> {
        let (mut op, mut s, mut t, mut d) = (None, None, None, 0..0);
        for member in scan::members(text) {
            let (key, value) =
                member.map_err(|mistake| format!("not a JSON object (at byte {})", mistake.at))?;
            match key {
                "op" => op = Some(scan::integer(value).ok_or("`op` is not a number")?),
                "s" if value == "null" => s = None,
                "s" => s = Some(scan::integer(value).ok_or("`s` is not a number")?),
                "t" => t = name(value)?,
                "d" => d = place(text, value),
                _ => {}
            }
        }
        let op = op.ok_or("`op` is missing")?;
        Ok(Self { op, s, t, d })
    }
}

/// The position of `part`, which must be a slice of `text`.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// Decodes `t`, which is a string or `null`.
fn name(value: &str) -> Result<Option<Cow<'_, str>>, &'static str> {
    if value == "null" {
        return Ok(None);
    }
    let name = scan::string(value).and_then(scan::decoded);
    name.map(Some).ok_or("`t` is not a string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_may_come_in_any_order_and_d_is_not_changed() {
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
    fn a_malformed_payload_is_an_error() {
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
