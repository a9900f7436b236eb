//! Meaning of an attribute's arguments: which payloads, which values in them, which order.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{Error, LitInt, LitStr, Result};

use crate::arguments::{Argument, Value};
use crate::event::{any_event, known_event, pointer_without_value};
use crate::names;
use crate::pointer::Field;
use crate::reader::Reader;

/// Which payloads a handler wants, and how it wants them.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The path to smalld.
    pub(crate) smalld: TokenStream,
    pub(crate) kind: Kind,
    pub(crate) op: Option<u8>,
    /// The names of events, as Discord writes them.
    pub(crate) t: Vec<String>,
    /// The names that were written as identifiers.
    pub(crate) words: Vec<Ident>,
    pub(crate) fields: Vec<Field>,
    /// Whether it sees the whole payload rather than `d`.
    pub(crate) whole: bool,
    pub(crate) ordered: bool,
}

/// What a handler is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Start,
    Error,
}

impl Filter {
    /// The arguments of `#[smalld::on_start]`.
    pub(crate) fn from_start(arguments: TokenStream) -> Result<Self> {
        Self::without_event(arguments, Kind::Start, "on_start")
    }

    /// The arguments of `#[smalld::on_error]`.
    pub(crate) fn from_error(arguments: TokenStream) -> Result<Self> {
        Self::without_event(arguments, Kind::Error, "on_error")
    }

    fn without_event(arguments: TokenStream, kind: Kind, attribute: &str) -> Result<Self> {
        let mut reader = Reader::default();
        for argument in reader.split(arguments) {
            let written = match argument {
                Argument::Option(key, value) if key == "crate" => {
                    reader.smalld(&key, &value);
                    continue;
                }
                Argument::Word(word) | Argument::Option(word, _) => word.into_token_stream(),
                Argument::Text(text) | Argument::Field(text, ..) => text.into_token_stream(),
            };
            let message = format!("`#[smalld::{attribute}]` takes no arguments");
            reader.mistakes.at(written, message);
        }
        Ok(Self {
            kind,
            ..reader.finish(None, false)?
        })
    }

    /// The arguments of `#[smalld::on(..)]`.
    pub(crate) fn from_event(arguments: TokenStream) -> Result<Self> {
        let mut reader = Reader::default();
        let arguments = reader.split(arguments);
        let names_none = !arguments.iter().any(|argument| match argument {
            Argument::Word(word) => word != "ordered",
            Argument::Text(_) => true,
            _ => false,
        });
        for argument in arguments {
            match argument {
                Argument::Word(word) if word == "ordered" => reader.ordered(&word),
                Argument::Word(word) => {
                    reader.event(&word, known_event(&word));
                    reader.words.push(word);
                }
                Argument::Text(text) => {
                    let name = any_event(&text, |name| format!("write `{name}`, without quotes"));
                    reader.event(&text, name);
                }
                Argument::Field(pointer, operator, value) => {
                    reader.field(&pointer, operator, &value);
                }
                Argument::Option(key, value) if key == "crate" => reader.smalld(&key, &value),
                Argument::Option(key, _) if key == "op" || key == "t" => reader.mistakes.at(
                    &key,
                    format!("`{key}` is an option of `#[smalld::on_gateway_payload({key} = ..)]`; `#[smalld::on(..)]` takes event names"),
                ),
                Argument::Option(key, value) => reader.unknown(&key, &value, &["crate"]),
            }
        }
        if names_none && reader.mistakes.is_empty() {
            reader.mistakes.add(Error::new(
                Span::call_site(),
                "no event: name at least one, as in `#[smalld::on(message_create)]`\n\
                 for every payload use `#[smalld::on_gateway_payload]`",
            ));
        }
        reader.finish(Some(0), false)
    }

    /// The arguments of `#[smalld::on_gateway_payload(..)]`.
    pub(crate) fn from_gateway_payload(arguments: TokenStream) -> Result<Self> {
        let mut reader = Reader::default();
        let mut op: Option<u8> = None;
        let mut t: Option<LitStr> = None;
        for argument in reader.split(arguments) {
            match argument {
                Argument::Word(word) if word == "ordered" => reader.ordered(&word),
                Argument::Word(word) => match names::event(&word.unraw().to_string()) {
                    Some(name) => reader.mistakes.at(&word, named_by_t(name)),
                    None => reader.unknown_word(&word),
                },
                Argument::Text(text) => {
                    let meant = text.value();
                    let meant = if meant.starts_with('/') {
                        pointer_without_value(&meant)
                    } else {
                        named_by_t(&meant)
                    };
                    reader.mistakes.at(&text, meant);
                }
                Argument::Field(pointer, operator, value) => {
                    reader.field(&pointer, operator, &value);
                }
                Argument::Option(key, value) if key == "crate" => reader.smalld(&key, &value),
                Argument::Option(key, _) if key == "op" && op.is_some() => reader.twice(&key),
                Argument::Option(key, value) if key == "op" => {
                    op = reader.mistakes.keep(opcode(&value));
                }
                Argument::Option(key, _) if key == "t" && t.is_some() => reader.twice(&key),
                Argument::Option(key, value) if key == "t" => t = reader.t(&value),
                Argument::Option(key, value) => {
                    reader.unknown(&key, &value, &["op", "t", "crate"]);
                }
            }
        }
        if let (Some(t), Some(op @ 1..)) = (&t, op) {
            let message = format!(
                "only events have a name, and events are op 0, not op {op}: remove one of the two"
            );
            reader.mistakes.at(t, message);
        }
        reader.t.extend(t.map(|t| t.value()));
        reader.finish(op, true)
    }
}

/// The path to smalld unless `crate = ..` says otherwise.
pub(crate) fn default_smalld() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> ::smalld)
}

fn named_by_t(event: &str) -> String {
    format!(
        "`on_gateway_payload` takes an event name as `t`: write `t = \"{}\"`",
        names::wire(event)
    )
}

fn opcode(value: &Value) -> Result<u8> {
    let digits = syn::parse2::<LitInt>(value.tokens());
    let op = digits.ok().and_then(|digits| digits.base10_parse().ok());
    op.ok_or_else(|| {
        Error::new_spanned(
            value.tokens(),
            "`op` must be an integer from 0 to 255, as in `op = 10`",
        )
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::names::EVENTS;
    use crate::pointer::{Alternative, Scalar};

    fn errors(filter: Result<Filter>) -> Vec<String> {
        filter
            .unwrap_err()
            .into_iter()
            .map(|error| error.to_string())
            .collect()
    }

    fn on(arguments: TokenStream) -> Filter {
        Filter::from_event(arguments).unwrap()
    }

    fn mistake(arguments: TokenStream) -> String {
        errors(Filter::from_event(arguments)).join("; ")
    }

    fn payload_mistake(arguments: TokenStream) -> String {
        errors(Filter::from_gateway_payload(arguments)).join("; ")
    }

    #[test]
    fn an_event_is_an_identifier_or_a_string() {
        let filter = on(quote!(message_create, "AN_EVENT_NEWER", ready));
        assert_eq!(filter.t, ["MESSAGE_CREATE", "AN_EVENT_NEWER", "READY"]);
        assert_eq!(
            (filter.op, filter.whole, filter.ordered),
            (Some(0), false, false)
        );
        assert_eq!(filter.smalld.to_string(), ":: smalld");
    }

    #[test]
    fn every_documented_event_is_known() {
        for event in EVENTS {
            let word = Ident::new(event, Span::call_site());
            assert_eq!(on(quote!(#word)).t, [event.to_uppercase()]);
        }
    }

    #[test]
    fn filters_and_options_come_in_any_order() {
        let filter = on(quote!(
            "/type" = 2,
            ordered,
            interaction_create,
            crate = a::b,
            "/data/name" = "greet"
        ));
        assert_eq!(filter.t, ["INTERACTION_CREATE"]);
        assert_eq!(filter.smalld.to_string(), "a :: b");
        assert!(filter.ordered);
        assert_eq!(filter.fields[0].any, [Alternative::Is(Scalar::Integer(2))]);
        assert_eq!(filter.fields[1].tokens, ["data", "name"]);
    }

    #[test]
    fn a_payload_filter_may_be_empty_or_have_op_and_t() {
        let all = Filter::from_gateway_payload(quote!()).unwrap();
        assert_eq!((all.op, all.t.len(), all.whole), (None, 0, true));
        let ready = Filter::from_gateway_payload(quote!(op = 0, t = "READY", ordered, "/d/v" = 10))
            .unwrap();
        assert_eq!(
            (ready.op, ready.t, ready.ordered),
            (Some(0), vec!["READY".to_owned()], true)
        );
        assert_eq!(ready.fields[0].tokens, ["d", "v"]);
        assert_eq!(
            Filter::from_gateway_payload(quote!(op = 255)).unwrap().op,
            Some(255)
        );
    }

    #[test]
    fn a_misspelled_event_gets_the_nearest_name() {
        assert!(mistake(quote!(mesage_create)).starts_with(
            "no gateway event is called `mesage_create`; did you mean `message_create`?"
        ));
        assert!(mistake(quote!(banana)).ends_with("write a string: `\"BANANA\"`"));
        assert!(mistake(quote!(message_create, orderd)).contains("did you mean `ordered`?"));
        assert!(
            mistake(quote!(MESSAGE_CREATE)).ends_with("lower case here: write `message_create`")
        );
        assert!(
            mistake(quote!("message_create")).ends_with("write `message_create`, without quotes")
        );
        assert!(mistake(quote!("new_event")).ends_with("write `\"NEW_EVENT\"`"));
        assert!(mistake(quote!("")).contains("cannot be empty"));
    }

    #[test]
    fn an_attribute_without_an_event_shows_an_example() {
        for arguments in [quote!(), quote!(ordered), quote!("/type" = 2)] {
            assert!(mistake(arguments).contains("`#[smalld::on(message_create)]`"));
        }
        assert!(mistake(quote!("/type")).starts_with("no value for `/type`"));
    }

    #[test]
    fn an_unknown_option_gets_the_nearest_name() {
        assert!(mistake(quote!(ready, crates = x)).contains("did you mean `crate`?"));
        assert!(mistake(quote!(ready, kind = 2)).contains("`\"/kind\" = 2`"));
        assert!(mistake(quote!(ready, op = 2)).contains("on_gateway_payload(op = ..)"));
        assert!(mistake(quote!(ready, ordered = true)).contains("takes no value"));
        assert!(payload_mistake(quote!(opp = 2)).contains("did you mean `op`?"));
        assert!(payload_mistake(quote!(opcode = 2)).contains("did you mean `op`?"));
        assert!(payload_mistake(quote!(order)).contains("did you mean `ordered`?"));
        assert!(payload_mistake(quote!(ready)).contains("write `t = \"READY\"`"));
    }

    #[test]
    fn an_option_cannot_be_given_twice() {
        assert_eq!(mistake(quote!(ready, ready)), "`READY` is named twice");
        assert_eq!(
            mistake(quote!(ready, ordered, ordered)),
            "`ordered` is given twice"
        );
        assert_eq!(
            mistake(quote!(ready, crate = a, crate = b)),
            "`crate` is given twice"
        );
        let twice = mistake(quote!(ready, "/v" = 1, "/v" = 2));
        assert!(twice.ends_with("write `\"/v\" = 1 | 2`"), "{twice}");
        assert_eq!(
            on(quote!(ready, "/v" = "a".., "/v" != "ab", "/v" != "ac"))
                .fields
                .len(),
            3
        );
        assert_eq!(
            payload_mistake(quote!(op = 1, op = 2)),
            "`op` is given twice"
        );
        assert_eq!(
            payload_mistake(quote!(t = "A", t = "B")),
            "`t` is given twice"
        );
    }

    #[test]
    fn opcode_and_name_must_fit_together() {
        for op in [quote!(256), quote!(-1), quote!("0"), quote!(HELLO)] {
            assert!(payload_mistake(quote!(op = #op)).starts_with("`op` must be an integer"));
        }
        assert!(payload_mistake(quote!(op = 10, t = "READY")).contains("not op 10"));
        assert!(payload_mistake(quote!(t = "ready")).ends_with("write `\"READY\"`"));
        assert!(payload_mistake(quote!(t = READY)).contains("must be a string"));
    }

    #[test]
    fn every_mistake_is_reported() {
        let reported = errors(Filter::from_event(quote!(
            raedy,
            "/x" = 1.5,
            "x" = 1,
            crate = "y",
            z = 1
        )));
        assert_eq!(reported.len(), 5, "{reported:?}");
    }
}
