//! Filters against a simple model of what they mean, by hand and at random.

use std::borrow::Cow;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::*;
use crate::dispatch::condition::{Alternative, Scalar};
use crate::dispatch::trigger::Field;

fn field(pointer: &str, negated: bool, any: &[Alternative]) -> Field {
    Field {
        pointer: pointer.to_owned().into(),
        negated,
        any: any.to_vec().into(),
    }
}

fn filter(fields: Vec<Field>) -> Filter {
    Filter {
        op: Some(0),
        t: Cow::Borrowed(&[]),
        fields: fields.into(),
        whole: false,
    }
}

/// Which of these filters match an event with this `d`.
fn matching(filters: &[Filter], d: &str) -> Vec<usize> {
    let envelope = Envelope::bare("A".into(), d.into());
    let filters = Filters::new(filters.iter());
    filters.matching(&envelope).unwrap().elements().collect()
}

const JSON: &str = r#"{"type":2,"data":{"name":"gr\u0065et","options":[{"id":"7"},{"ok":true}]},
    "a/b":{"m~n":-1},"gone":null,"twice":1,"twice":2,"float":2.0,"":"empty","custom_id":"vote:\ud83d\ude00:1"}"#;

fn holds(pointer: &str, negated: bool, any: &[Alternative]) -> bool {
    matching(&[filter(vec![field(pointer, negated, any)])], JSON) == [0]
}

/// Whether the value is this, and its negation is not.
fn is(pointer: &str, value: Scalar) -> bool {
    let any = [Alternative::Is(value)];
    let holds_so = holds(pointer, false, &any);
    assert_ne!(holds_so, holds(pointer, true, &any), "{pointer}");
    holds_so
}

fn starts(pointer: &str, text: &'static str) -> bool {
    holds(pointer, false, &[Alternative::StartsWith(text.into())])
}

fn string(text: &'static str) -> Scalar {
    Scalar::String(text.into())
}

#[test]
fn values_are_found_at_any_depth() {
    assert!(is("/type", Scalar::Integer(2)));
    assert!(is("/data/name", string("greet")));
    assert!(is("/data/options/0/id", string("7")));
    assert!(is("/data/options/1/ok", Scalar::Bool(true)));
    assert!(is("/a~1b/m~0n", Scalar::Integer(-1)));
    assert!(is("/", string("empty")));
}

#[test]
fn other_values_and_other_types_do_not_match() {
    assert!(!is("/type", Scalar::Integer(3)));
    assert!(!is("/type", string("2")));
    assert!(!is("/float", Scalar::Integer(2)));
    assert!(!is("/data", Scalar::Null));
    assert!(!is("/data/options", Scalar::Null));
    assert!(!is("/data/options/00/id", string("7")));
    assert!(!is("/data/name/deeper", string("greet")));
}

#[test]
fn null_also_matches_an_absent_value() {
    assert!(is("/gone", Scalar::Null));
    assert!(is("/never/there", Scalar::Null));
    assert!(is("/data/options/9", Scalar::Null));
    assert!(is("/type/deeper", Scalar::Null));
    assert!(!is("/type", Scalar::Null));
}

#[test]
fn the_first_of_duplicate_keys_counts() {
    assert!(is("/twice", Scalar::Integer(1)));
    assert!(!is("/twice", Scalar::Integer(2)));
}

#[test]
fn strings_are_compared_with_a_beginning() {
    assert!(starts("/custom_id", "vote:") && starts("/custom_id", ""));
    assert!(starts("/custom_id", "vote:😀:") && starts("/custom_id", "vote:😀:1"));
    assert!(!starts("/custom_id", "vote:😀:12") && !starts("/custom_id", "Vote"));
    assert!(!starts("/type", "2") && !starts("/gone", "") && !starts("/never", ""));
    assert!(starts("/data/name", "gre") && !starts("/data/name", "greets"));
}

#[test]
fn any_of_several_values_may_be_there() {
    let any = [
        Alternative::Is(Scalar::Integer(9)),
        Alternative::Is(string("greet")),
        Alternative::StartsWith("vo".into()),
    ];
    assert!(holds("/data/name", false, &any) && !holds("/data/name", true, &any));
    assert!(holds("/custom_id", false, &any) && !holds("/custom_id", true, &any));
    assert!(!holds("/type", false, &any) && holds("/type", true, &any));
}

#[test]
fn whole_payloads_are_filtered_by_any_member() {
    let whole = |pointer: &str, value| Filter {
        whole: true,
        op: None,
        ..filter(vec![field(pointer, false, &[Alternative::Is(value)])])
    };
    let filters = [
        whole("/d/a", Scalar::Integer(1)),
        whole("/x/y", Scalar::Integer(2)),
        whole("/t", string("A")),
        whole("/d", Scalar::Null),
    ];
    let filters = Filters::new(filters.iter());
    let matching = |text| {
        let envelope = Envelope::parse(text).unwrap();
        let matching: Vec<_> = filters.matching(&envelope).unwrap().elements().collect();
        matching
    };
    assert_eq!(matching(r#"{"t":"A","s":1,"op":0,"d":{"a":1}}"#), [0, 2]);
    assert_eq!(matching(r#"{"op":11,"x":{"y":2}}"#), [1, 3]);
}

#[test]
fn text_that_is_cut_or_broken_is_an_error_if_it_is_read_that_far() {
    let filters = [filter(vec![field(
        "/b",
        false,
        &[Alternative::Is(Scalar::Null)],
    )])];
    let filters = Filters::new(filters.iter());
    let matching = |d: &str| {
        let matching = filters.matching(&Envelope::bare("A".into(), d.into()));
        matching.map(|set| !set.is_empty())
    };
    for d in [
        "{",
        r#"{"a"#,
        r#"{"a":"#,
        r#"{"a":1"#,
        r#"{"a":[1}"#,
        r#"{"a" 1}"#,
        "{a:1}",
        r#"{"a":1 "b":2}"#,
    ] {
        assert!(matching(d).is_err(), "{d}");
    }
    assert_eq!(matching(r#"{"b":1,"broken"#), Ok(false));
    assert_eq!(matching(r#"{"a":1}, and more"#), Ok(true));
}

#[test]
fn thousands_of_handlers_are_told_apart() {
    let filters: Vec<_> = (0..3000)
        .map(|nth| {
            let name = Alternative::Is(Scalar::String(format!("command {nth}").into()));
            filter(vec![field("/data/name", false, &[name])])
        })
        .collect();
    let d = r#"{"data":{"name":"command 2345"}}"#;
    assert_eq!(matching(&filters, d), [2345]);
}

/// An object's members in the order of the text, with duplicates.
#[derive(Clone, Debug)]
enum Node {
    Scalar(Value),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

const KEYS: [&str; 8] = ["", "a", "b", "0", "1", "a/b", "~", "é😀"];
const STRINGS: [&str; 6] = ["", "a", "ab", "a\n\"\\", "ab😀", "é"];

fn node(random: &mut Rng, depth: u32) -> Node {
    let children = random.usize(0..5);
    match random.u32(0..10) {
        0..4 if depth > 0 => Node::Object(
            (0..children)
                .map(|_| (pick(random, &KEYS).to_owned(), node(random, depth - 1)))
                .collect(),
        ),
        4..6 if depth > 0 => Node::Array((0..children).map(|_| node(random, depth - 1)).collect()),
        6 => Node::Scalar(json!(random.i8(-2..3))),
        7 => Node::Scalar(pick(
            random,
            &[json!(null), json!(true), json!(false), json!(1.5)],
        )),
        _ => Node::Scalar(json!(pick(random, &STRINGS))),
    }
}

fn pick<T: Clone>(random: &mut Rng, from: &[T]) -> T {
    from[random.usize(0..from.len())].clone()
}

/// Writes it, with random white space and escapes.
fn write(node: &Node, random: &mut Rng, text: &mut String) {
    space(random, text);
    match node {
        Node::Scalar(Value::String(string)) => write_string(string, random, text),
        Node::Scalar(value) => text.push_str(&value.to_string()),
        Node::Array(elements) => {
            text.push('[');
            for (nth, element) in elements.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { "," });
                write(element, random, text);
            }
            space(random, text);
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (nth, (key, member)) in members.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { "," });
                space(random, text);
                write_string(key, random, text);
                space(random, text);
                text.push(':');
                write(member, random, text);
            }
            space(random, text);
            text.push('}');
        }
    }
    space(random, text);
}

fn space(random: &mut Rng, text: &mut String) {
    if random.u8(..) < 30 {
        text.push_str(pick(random, &[" ", "\n", "\t\r "]));
    }
}

fn write_string(string: &str, random: &mut Rng, text: &mut String) {
    use std::fmt::Write;
    text.push('"');
    for character in string.chars() {
        if random.u8(..) < 40 || matches!(character, '"' | '\\' | '\n') {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(text, "\\u{unit:04x}").unwrap();
            }
        } else {
            text.push(character);
        }
    }
    text.push('"');
}

/// The value that the first of duplicate keys leads to.
fn first(node: &Node) -> Value {
    match node {
        Node::Scalar(value) => value.clone(),
        Node::Array(elements) => elements.iter().map(first).collect(),
        Node::Object(members) => {
            let mut map = Map::new();
            for (key, member) in members {
                map.entry(key.clone()).or_insert_with(|| first(member));
            }
            map.into()
        }
    }
}

fn random_field(random: &mut Rng) -> Field {
    let depth = random.usize(0..4);
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let mut pointer = String::new();
    for _ in 0..=depth {
        pointer.push('/');
        pointer.push_str(&escaped(pick(random, &KEYS)));
    }
    let any: Vec<_> = (0..=random.usize(0..3))
        .map(|_| match random.u8(0..6) {
            0 => Alternative::Is(Scalar::Null),
            1 => Alternative::Is(Scalar::Bool(random.bool())),
            2 => Alternative::Is(Scalar::Integer(random.i8(-2..3).into())),
            3 => Alternative::StartsWith(pick(random, &STRINGS).into()),
            _ => Alternative::Is(Scalar::String(pick(random, &STRINGS).into())),
        })
        .collect();
    field(&pointer, random.bool(), &any)
}

/// What a condition means.
fn expected(field: &Field, json: &Value) -> bool {
    let value = json.pointer(&field.pointer).unwrap_or(&Value::Null);
    let is_one = field.any.iter().any(|alternative| match alternative {
        Alternative::Is(Scalar::Null) => value.is_null(),
        Alternative::Is(Scalar::Bool(expected)) => value == expected,
        Alternative::Is(Scalar::Integer(expected)) => {
            value.as_i64().map(i128::from) == Some(*expected)
        }
        Alternative::Is(Scalar::String(expected)) => value == &**expected,
        Alternative::StartsWith(expected) => value
            .as_str()
            .is_some_and(|text| text.starts_with(&**expected)),
    });
    is_one != field.negated
}

#[test]
fn random_filters_match_as_the_model_does() {
    let mut matched = 0;
    for seed in 0..2000 {
        let mut random = Rng::with_seed(seed);
        let tree = node(&mut random, 5);
        let mut text = String::new();
        write(&tree, &mut random, &mut text);
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        let json = first(&tree);
        let filters: Vec<_> = (0..random.usize(0..9))
            .map(|_| {
                let mut fields: Vec<Field> = Vec::new();
                for _ in 0..random.usize(0..4) {
                    let new = random_field(&mut random);
                    let has_value = |old: &Field| !old.negated && old.pointer == new.pointer;
                    if new.negated || !fields.iter().any(has_value) {
                        fields.push(new);
                    }
                }
                filter(fields)
            })
            .collect();
        let is_wanted = |filter: &Filter| filter.fields.iter().all(|field| expected(field, &json));
        let wanted: Vec<_> = (0..filters.len())
            .filter(|&nth| is_wanted(&filters[nth]))
            .collect();
        matched += wanted.len();
        assert_eq!(
            matching(&filters, &text),
            wanted,
            "seed {seed}: {text}\n{filters:#?}"
        );
    }
    assert!(matched > 1000, "{matched}");
}
