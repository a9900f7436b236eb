//! Builder of what a closure is called for.

use std::borrow::Cow;

use crate::dispatch::condition::{Alternative, Condition, Scalar};
use crate::dispatch::filter;
use crate::dispatch::trigger::{Field, Filter};

/// What a closure of [`Handlers::on`](crate::handler::Handlers::on) is called for, as the arguments of
/// [`#[smalld::on(..)]`](macro@crate::on) say it for a function.
///
/// The name of an event is enough if there is nothing to add to it: `handlers.on("READY", ..)`.
///
/// ```
/// use smalld::handler::{Handlers, On};
/// use smalld::{Payload, SmallD, json, path};
///
/// async fn greet(bot: SmallD, payload: Payload) -> smalld::Result<()> {
///     let interaction: smalld::Json = payload.json()?;
///     let callback =
///         path!("/interactions/{}/{}/callback", interaction["id"], interaction["token"]);
///     bot.post(callback, json!({ "type": 4, "data": { "content": "hello" } })).await?;
///     Ok(())
/// }
///
/// let handlers = Handlers::new()
///     .on(On::event("INTERACTION_CREATE").with("/type", 2).with("/data/name", "greet"), greet)
///     .on(
///         On::event("VOICE_STATE_UPDATE").named("follow").ordered(),
///         |_, payload| async move { println!("{}", payload.d()) },
///     )
///     .on(On::gateway_payload().op(10), |_, payload| async move {
///         println!("{}", payload.text());
///     });
/// # let _ = handlers;
/// ```
#[derive(Clone, Debug)]
#[must_use = "give it to `Handlers::on`"]
pub struct On {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) filter: Filter,
    pub(crate) ordered: bool,
    /// Errors in its filters, reported at startup.
    pub(crate) mistakes: Vec<String>,
}

impl On {
    /// An event, by the name that Discord gives it, such as `MESSAGE_CREATE`;
    /// [`events`](crate::events) has them all. The handler sees its `d`.
    pub fn event(event: impl Into<Cow<'static, str>>) -> Self {
        Self::any_event([event])
    }

    /// Several events, any of which is wanted.
    ///
    /// ```
    /// use smalld::handler::{Handlers, On};
    /// use smalld::events;
    ///
    /// let on = On::any_event([events::message_create, events::message_update]);
    /// let handlers = Handlers::new().on(on, |_, payload| async move { println!("{}", payload.d()) });
    /// # let _ = handlers;
    /// ```
    pub fn any_event(events: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        let t: Vec<_> = events.into_iter().map(Into::into).collect();
        let mistakes = t.is_empty().then(|| "it names no event".to_owned());
        Self {
            mistakes: mistakes.into_iter().collect(),
            ..Self::filter(Some(0), t, false)
        }
    }

    /// Every payload, whatever its opcode. The handler sees it whole, and so do pointers.
    pub fn gateway_payload() -> Self {
        Self::filter(None, Vec::new(), true)
    }

    fn filter(op: Option<u64>, t: Vec<Cow<'static, str>>, whole: bool) -> Self {
        Self {
            name: None,
            filter: Filter {
                op,
                t: t.into(),
                fields: Cow::Borrowed(&[]),
                whole,
            },
            ordered: false,
            mistakes: Vec::new(),
        }
    }

    /// Only payloads of this opcode. Events have opcode 0.
    pub fn op(mut self, op: u8) -> Self {
        self.filter.op = Some(op.into());
        self
    }

    /// Only events that have this value at a [JSON pointer], which leads into `d`, or into the whole
    /// payload after [`gateway_payload`](Self::gateway_payload). Several conditions must all hold.
    ///
    /// A pointer that does not begin with `/` is an error at startup, and so are two values at one
    /// pointer, and an integer for an id: in Discord's JSON ids are strings.
    ///
    /// [JSON pointer]: https://datatracker.ietf.org/doc/html/rfc6901
    pub fn with(
        self,
        pointer: impl Into<Cow<'static, str>>,
        condition: impl Into<Condition>,
    ) -> Self {
        self.field(pointer.into(), false, condition.into())
    }

    /// Only events that do not have this value at a JSON pointer: exactly those that
    /// [`with`](Self::with) leaves out. So `.without("/author/bot", true)` also wants events without
    /// this member, and `.without("/member", Json::Null)` wants only events that have one.
    ///
    /// ```
    /// use smalld::handler::On;
    ///
    /// let on = On::event("MESSAGE_CREATE").without("/author/bot", true);
    /// # let _ = on;
    /// ```
    pub fn without(
        self,
        pointer: impl Into<Cow<'static, str>>,
        condition: impl Into<Condition>,
    ) -> Self {
        self.field(pointer.into(), true, condition.into())
    }

    fn field(mut self, pointer: Cow<'static, str>, negated: bool, condition: Condition) -> Self {
        match (filter::tokens(&pointer), condition.0) {
            (Ok(tokens), Ok(any)) => {
                let mistake = unlikely_id(&tokens, &any)
                    .or_else(|| (!negated).then(|| self.second_value(&pointer)).flatten());
                match mistake {
                    Some(mistake) => self.mistake(&pointer, &mistake),
                    None => self.filter.fields.to_mut().push(Field {
                        pointer,
                        negated,
                        any: any.into(),
                    }),
                }
            }
            (tokens, condition) => {
                for mistake in [tokens.err(), condition.err()].into_iter().flatten() {
                    self.mistake(&pointer, &mistake);
                }
            }
        }
        self
    }

    fn second_value(&self, pointer: &str) -> Option<String> {
        let mut fields = self.filter.fields.iter();
        let is_second = fields.any(|field| !field.negated && field.pointer == pointer);
        is_second.then(|| {
            "it already has a value, and all filters must match; for either of two values use `Condition::one_of`"
                .to_owned()
        })
    }

    fn mistake(&mut self, pointer: &str, mistake: &str) {
        self.mistakes
            .push(format!("its filter {pointer:?}: {mistake}"));
    }

    /// The events of one guild one at a time, in the order in which they came; without a guild those
    /// of one channel, else of one user.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// The handler's name in the log and in [`HandlerError::handler`](crate::handler::HandlerError::handler).
    /// Without it that is the path of the function, or of the function around a closure.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// An integer for what Discord writes as a string.
fn unlikely_id(tokens: &[Box<str>], any: &[Alternative]) -> Option<String> {
    let last = tokens.last()?;
    let is_id = **last == *"id" || last.ends_with("_id");
    any.iter().find_map(|alternative| match alternative {
        Alternative::Is(Scalar::Integer(id)) if is_id => Some(format!(
            "ids are strings in Discord's JSON: write `\"{id}\"`"
        )),
        _ => None,
    })
}

impl From<&'static str> for On {
    fn from(event: &'static str) -> Self {
        Self::event(event)
    }
}

impl From<String> for On {
    fn from(event: String) -> Self {
        Self::event(event)
    }
}

impl From<Cow<'static, str>> for On {
    fn from(event: Cow<'static, str>) -> Self {
        Self::event(event)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mistake(on: &On) -> String {
        on.mistakes.join("; ")
    }

    #[test]
    fn filters_are_kept_as_written() {
        let on = On::event("A").with("/a~1b", 2).with("/c", json!(null));
        assert_eq!(on.filter.fields.len(), 2);
        assert_eq!(on.filter.fields[0].pointer, "/a~1b");
        assert_eq!(*on.filter.fields[1].any, [Alternative::Is(Scalar::Null)]);
        assert!(on.mistakes.is_empty());
        let on = On::event("A")
            .without("/c", "x")
            .with(
                "/c",
                Condition::one_of([Condition::starts_with("a"), "b".into()]),
            )
            .without("/c", Condition::one_of([true, false]));
        let written: Vec<_> = on.filter.fields.iter().map(ToString::to_string).collect();
        assert_eq!(
            written,
            [
                r#""/c" != "x""#,
                r#""/c" = "a".. | "b""#,
                r#""/c" != true | false"#
            ]
        );
        assert!(on.mistakes.is_empty());
    }

    #[test]
    fn mistakes_say_what_to_write() {
        assert!(mistake(&On::event("A").with("data.name", "x")).contains("write `/data/name`"));
        assert!(mistake(&On::event("A").with("/a~2", "x")).contains("`~0`"));
        assert!(
            mistake(&On::event("A").with("/guild_id", 7))
                .contains("\"/guild_id\": ids are strings in Discord's JSON: write `\"7\"`")
        );
        assert!(mistake(&On::event("A").with("/x", json!(1.5))).contains("`1.5` is not a string"));
        assert!(mistake(&On::event("A").with("/x", json!([1]))).contains("`[1]` is not a string"));
        assert!(mistake(&On::any_event([""; 0])).contains("no event"));
        let twice = On::event("A").with("/x", 1).with("/x", 2);
        assert!(mistake(&twice).contains("already has a value"));
        let none = On::event("A").with("/x", Condition::one_of([""; 0]));
        assert!(mistake(&none).contains("at least one value"));
        let id = On::event("A").without("/id", Condition::one_of([1, 2]));
        assert!(mistake(&id).contains("ids are strings"));
        let both = On::event("A").with("x", json!({}));
        assert_eq!(both.mistakes.len(), 2);
    }
}
