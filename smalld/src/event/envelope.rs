//! Envelope of an event: `op`, `s` and `t`, and the position of `d`, which is not parsed.
//!
//! Discord writes `{"t":"NAME","s":1,"op":0,"d":{..}}`, in this order. Such a text is trusted: only its first
//! and last bytes are read, and an event that no handler wants costs no more. `d` is checked when
//! somebody reads it. Any other text is scanned in full at once.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::event::scan;

/// The envelope of an event and its text, which is owned or borrowed from the reader's buffer.
///
/// See [Discord Docs/Gateway Event Payload Structure](https://discord.com/developers/docs/events/gateway-events#payload-structure).
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    t: Option<Name<'a>>,
    text: Cow<'a, str>,
    /// The position of the raw `d` in `text`; empty if it is absent.
    d: Range<usize>,
    form: Form,
}

/// The name of an event.
#[derive(Debug)]
enum Name<'a> {
    /// It is at this position in the text.
    At(Range<usize>),
    /// It is not in the text, or escaped there.
    Text(Cow<'a, str>),
}

/// What is known about the text of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// It begins and ends as Discord writes it; the rest has not been read.
    Trusted,
    /// It is valid JSON.
    Checked,
    /// It is only `d`, as in an interaction over HTTP, and has not been read.
    Bare,
}

impl<'a> Envelope<'a> {
    /// Parses the envelope of a gateway payload. Members other than `op`, `s`, `t` and `d` are
    /// skipped, and the first of several of one name counts. The error says why the text is not a
    /// payload.
    pub(crate) fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, String> {
        let text = text.into();
        let (fields, form) = match Fields::trusted(&text) {
            Some(fields) => (fields, Form::Trusted),
            None => (Fields::scanned(&text)?, Form::Checked),
        };
        let Fields { op, s, t, d } = fields;
        Ok(Self {
            op,
            s,
            t,
            text,
            d,
            form,
        })
    }

    /// The envelope of an event of which only the name and `d` are known.
    pub(crate) fn bare(t: Cow<'a, str>, d: Cow<'a, str>) -> Self {
        Self {
            op: 0,
            s: None,
            t: Some(Name::Text(t)),
            d: 0..d.len(),
            text: d,
            form: Form::Bare,
        }
    }

    pub(crate) fn t(&self) -> Option<&str> {
        name_in(&self.text, self.t.as_ref())
    }

    /// The raw text of `d`; `null` if it is absent. It is checked first, so this is not for every event.
    pub(crate) fn d(&self) -> &str {
        let checked = match self.form {
            Form::Trusted => Fields::scanned(&self.text).ok(),
            Form::Checked | Form::Bare => None,
        };
        let place = checked.map_or_else(|| self.d.clone(), |fields| fields.d);
        d_of(&self.text, &place)
    }

    /// Like [`d`](Self::d), but not checked: it may be malformed, or be followed by other members.
    pub(crate) fn unchecked_d(&self) -> &str {
        d_of(&self.text, &self.d)
    }

    /// The text of the whole payload. It is generated if the event came without an envelope.
    pub(crate) fn whole(&self) -> Cow<'_, str> {
        match self.form {
            Form::Bare => Cow::Owned(payload_around(
                self.op,
                self.t(),
                self.s,
                self.unchecked_d(),
            )),
            Form::Trusted | Form::Checked => Cow::Borrowed(&self.text),
        }
    }

    /// Converts into an envelope that owns its text.
    pub(crate) fn into_parts(self) -> Parts {
        let t = self.t.map(|name| match name {
            Name::At(place) => Name::At(place),
            Name::Text(text) => Name::Text(Cow::Owned(text.into_owned())),
        });
        Parts {
            op: self.op,
            s: self.s,
            t,
            text: self.text.into_owned().into_boxed_str(),
            d: self.d,
            form: self.form,
            checked: OnceLock::new(),
        }
    }
}

/// An envelope that owns its text.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    t: Option<Name<'static>>,
    text: Box<str>,
    d: Range<usize>,
    form: Form,
    /// The position of `d` in a trusted text that has been scanned, or why it is malformed.
    checked: OnceLock<Result<Range<usize>, String>>,
}

impl Parts {
    pub(crate) fn t(&self) -> Option<&str> {
        name_in(&self.text, self.t.as_ref())
    }

    /// The raw text of `d`, which is checked on first use.
    pub(crate) fn d(&self) -> &str {
        let checked = self.check().unwrap_or(&self.d);
        d_of(&self.text, checked)
    }

    /// Like [`d`](Self::d), but not checked: it may be malformed, or be followed by other members.
    pub(crate) fn unchecked_d(&self) -> &str {
        d_of(&self.text, &self.d)
    }

    /// Scans a trusted text in full, once. Returns the position of `d`, or `None` if it is malformed.
    pub(crate) fn check(&self) -> Option<&Range<usize>> {
        if self.form != Form::Trusted {
            return Some(&self.d);
        }
        let scanned = || Fields::scanned(&self.text).map(|fields| fields.d);
        self.checked.get_or_init(scanned).as_ref().ok()
    }

    /// Why the text is malformed, if that has been noticed.
    pub(crate) fn malformed(&self) -> Option<&str> {
        self.checked.get()?.as_ref().err().map(String::as_str)
    }

    /// The text of the whole payload; `None` if the event came without an envelope.
    pub(crate) fn whole(&self) -> Option<&str> {
        (self.form != Form::Bare).then_some(&*self.text)
    }

    /// Generates a whole payload from the event's fields.
    pub(crate) fn payload_around(&self) -> String {
        payload_around(self.op, self.t(), self.s, self.unchecked_d())
    }
}

fn name_in<'t>(text: &'t str, name: Option<&'t Name<'_>>) -> Option<&'t str> {
    name.map(|name| match name {
        Name::At(place) => &text[place.clone()],
        Name::Text(text) => text,
    })
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

struct Fields {
    op: u64,
    s: Option<u64>,
    t: Option<Name<'static>>,
    d: Range<usize>,
}

impl Fields {
    /// Reads a dispatch as Discord writes it, and nothing of its `d` but the outer brackets.
    fn trusted(text: &str) -> Option<Self> {
        const BEFORE_T: &str = r#"{"t":""#;
        let rest = text.strip_prefix(BEFORE_T)?;
        let is_plain = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
        let length = rest.bytes().take_while(|byte| is_plain(byte)).count();
        let rest = rest[length..].strip_prefix(r#"","s":"#)?;
        if !rest.starts_with(|digit| matches!(digit, '1'..='9')) {
            return None;
        }
        let (s, rest) = rest.split_once(',')?;
        let d = rest.strip_prefix(r#""op":0,"d":"#)?.strip_suffix('}')?;
        if !(d.starts_with('{') && d.ends_with('}')) {
            return None;
        }
        Some(Self {
            op: 0,
            s: Some(scan::integer(s)?),
            t: Some(Name::At(BEFORE_T.len()..BEFORE_T.len() + length)),
            d: text.len() - 1 - d.len()..text.len() - 1,
        })
    }

    /// Scans all of a text.
    fn scanned(text: &str) -> Result<Self, String> {
        let (mut op, mut s, mut t, mut d) = (None, None, None, None);
        for member in scan::members(text) {
            let (key, value) =
                member.map_err(|mistake| format!("not a JSON object (at byte {})", mistake.at))?;
            match key {
                "op" if op.is_none() => op = Some(value),
                "s" if s.is_none() => s = Some(value),
                "t" if t.is_none() => t = Some(value),
                "d" if d.is_none() => d = Some(place(text, value)),
                _ => {}
            }
        }
        let op = op.ok_or("`op` is missing")?;
        let s = s.filter(|&s| s != "null").map(scan::integer);
        Ok(Self {
            op: scan::integer(op).ok_or("`op` is not a number")?,
            s: s.map(|s| s.ok_or("`s` is not a number")).transpose()?,
            t: t.map_or(Ok(None), |t| name(text, t))?,
            d: d.unwrap_or(0..0),
        })
    }
}

/// The position of `part`, which must be a slice of `text`.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// Reads `t`, which is a string or `null`.
fn name(text: &str, value: &str) -> Result<Option<Name<'static>>, &'static str> {
    if value == "null" {
        return Ok(None);
    }
    let raw = scan::string(value).ok_or("`t` is not a string")?;
    let name = match scan::decoded(raw).ok_or("`t` is not a string")? {
        Cow::Borrowed(name) => Name::At(place(text, name)),
        Cow::Owned(name) => Name::Text(Cow::Owned(name)),
    };
    Ok(Some(name))
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

    /// The envelope of a text, and what is known about the text.
    fn parsed(text: &str) -> (Envelope<'_>, Form) {
        let envelope = Envelope::parse(text).unwrap();
        let form = envelope.form;
        (envelope, form)
    }

    #[test]
    fn a_text_as_discord_writes_it_is_trusted() {
        let (envelope, form) = parsed(r#"{"t":"A_B","s":7,"op":0,"d":{"a":{}}}"#);
        assert_eq!(form, Form::Trusted);
        assert_eq!(
            (envelope.op, envelope.s, envelope.t()),
            (0, Some(7), Some("A_B"))
        );
        assert_eq!(
            (envelope.d(), envelope.unchecked_d()),
            (r#"{"a":{}}"#, r#"{"a":{}}"#)
        );
        let (envelope, form) = parsed(r#"{"t":"A","s":7,"op":0,"d":{broken}}"#);
        assert_eq!((form, envelope.d()), (Form::Trusted, "{broken}"));
    }

    #[test]
    fn any_other_text_is_scanned() {
        for text in [
            r#"{"s":7,"t":"A","op":0,"d":{}}"#,
            r#"{"t":"A","s":7,"op":0,"d":[]}"#,
            r#"{"t":"A","s":7,"op":0,"d":{},"x":1}"#,
            r#"{"t":"A","s":7,"op":0,"d":{}} "#,
            r#"{"t":"A","s":0,"op":0,"d":{}}"#,
            r#"{"t":"a\n","s":7,"op":0,"d":{}}"#,
            r#"{"t":null,"s":null,"op":10,"d":{}}"#,
        ] {
            assert_eq!(parsed(text).1, Form::Checked, "{text}");
        }
        for text in [
            r#"{"t":"A","s":007,"op":0,"d":{}}"#,
            r#"{"t":"A","s":+7,"op":0,"d":{}}"#,
            r#"{"t":"A","s":7.5,"op":0,"d":{}}"#,
            r#"{"t":"A","s":7,"op":0,"d":{broken},"x":1}"#,
            r#"{"t":"A","s":7,"op":0,"d":{"cut":"#,
            r#"{"t":"A","s":7,"op":0,"d":{}"#,
            r#"{"t":"A","s":7,"op":0,"d":}"#,
        ] {
            assert!(Envelope::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_after_d_are_noticed_when_d_is_read() {
        let text = r#"{"t":"A","s":7,"op":0,"d":{"a":1},"x":{}}"#;
        let (envelope, form) = parsed(text);
        assert_eq!((form, envelope.d()), (Form::Trusted, r#"{"a":1}"#));
        let parts = envelope.into_parts();
        assert_eq!((parts.d(), parts.whole()), (r#"{"a":1}"#, Some(text)));
        assert_eq!(parts.malformed(), None);
    }

    #[test]
    fn a_malformed_d_is_noticed_when_it_is_read() {
        let (envelope, _) = parsed(r#"{"t":"A","s":7,"op":0,"d":{broken}}"#);
        let parts = envelope.into_parts();
        assert_eq!(parts.malformed(), None);
        assert_eq!(parts.d(), "{broken}");
        assert_eq!(parts.malformed(), Some("not a JSON object (at byte 27)"));
    }

    #[test]
    fn the_first_of_duplicate_members_counts() {
        for text in [
            r#"{"t":"A","s":7,"op":0,"d":{"a":1},"t":"B","s":8,"op":1,"d":{}}"#,
            r#"{"op":0,"t":"A","s":7,"d":{"a":1},"t":"B","s":8,"op":1,"d":{}}"#,
        ] {
            let (envelope, _) = parsed(text);
            assert_eq!(
                (envelope.op, envelope.s, envelope.t(), envelope.d()),
                (0, Some(7), Some("A"), r#"{"a":1}"#)
            );
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
