use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn interaction(options: &Value) -> String {
    let resolved = json!({
        "users": { "20": { "id": "20", "username": "ada" }, "21": { "id": "21", "username": "bob" } },
        "members": { "20": { "nick": "Countess", "permissions": "8" } },
        "roles": { "30": { "id": "30", "name": "mods" } },
        "channels": { "40": { "id": "40", "type": 0 } },
        "attachments": { "50": { "id": "50", "filename": "cat.png" } },
    });
    json!({ "id": "1", "type": 2, "data": { "name": "x", "options": options, "resolved": resolved } })
        .to_string()
}

fn failure<T: DeserializeOwned>(options: &Value) -> String {
    let read = read::<T>(&interaction(options));
    read.err().expect("an error").to_string()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Warn {
    user: String,
    reason: Option<String>,
    #[serde(default)]
    points: u32,
}

#[test]
fn options_are_fields_by_name() {
    let options = json!([
        { "name": "user", "type": 6, "value": "20" },
        { "name": "points", "type": 4, "value": 3 },
    ]);
    let warn: Warn = read(&interaction(&options)).unwrap();
    assert_eq!(
        warn,
        Warn {
            user: "20".into(),
            reason: None,
            points: 3
        }
    );
}

#[test]
fn a_command_without_options_reads_as_an_empty_struct_map_or_unit() {
    #[derive(Deserialize)]
    struct Nothing {}
    let d = r#"{ "type": 2, "data": { "name": "ping" } }"#;
    read::<Nothing>(d).unwrap();
    read::<()>(d).unwrap();
    assert_eq!(read::<Value>(d).unwrap(), json!({}));
    assert!(read::<BTreeMap<String, Value>>(d).unwrap().is_empty());
}

#[test]
fn an_id_is_an_integer_a_newtype_or_its_object() {
    #[derive(Deserialize)]
    struct Id(u64);
    #[derive(Deserialize)]
    struct Text(String);
    #[derive(Deserialize)]
    struct User {
        username: String,
        member: Option<Value>,
    }
    #[derive(Deserialize)]
    struct All {
        a: u64,
        b: Id,
        c: Text,
        d: User,
        e: Option<User>,
        f: Value,
        g: Value,
        h: Value,
        i: Option<u64>,
        j: Value,
    }
    let options = json!([
        { "name": "a", "type": 6, "value": "20" },
        { "name": "b", "type": 6, "value": "20" },
        { "name": "c", "type": 6, "value": "20" },
        { "name": "d", "type": 6, "value": "20" },
        { "name": "e", "type": 6, "value": "21" },
        { "name": "f", "type": 8, "value": "30" },
        { "name": "g", "type": 7, "value": "40" },
        { "name": "h", "type": 11, "value": "50" },
        { "name": "i", "type": 9, "value": "30" },
        { "name": "j", "type": 9, "value": "30" },
    ]);
    let all: All = read(&interaction(&options)).unwrap();
    assert_eq!((all.a, all.b.0, &*all.c.0), (20, 20, "20"));
    assert_eq!(all.d.username, "ada");
    assert_eq!(all.d.member.unwrap()["nick"], "Countess");
    let other = all.e.unwrap();
    assert_eq!((&*other.username, other.member), ("bob", None));
    assert_eq!(all.f["name"], "mods");
    assert_eq!(all.g["id"], "40");
    assert_eq!(all.h["filename"], "cat.png");
    assert_eq!((all.i, &all.j["name"]), (Some(30), &json!("mods")));
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Config {
    Show,
    Set { key: String, value: bool },
    Shelf(Shelf),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Shelf {
    Add { label: String },
}

fn subcommands() -> [Value; 3] {
    [
        json!([{ "name": "show", "type": 1 }]),
        json!([{ "name": "set", "type": 1, "options": [
            { "name": "key", "type": 3, "value": "loud" },
            { "name": "value", "type": 5, "value": true },
        ]}]),
        json!([{ "name": "shelf", "type": 2, "options": [{ "name": "add", "type": 1, "options": [
            { "name": "label", "type": 3, "value": "Maps" },
        ]}]}]),
    ]
}

#[test]
fn an_enum_is_the_subcommand() {
    let [show, set, shelf] = subcommands().map(|it| interaction(&it));
    assert_eq!(read::<Config>(&show).unwrap(), Config::Show);
    assert_eq!(
        read::<Config>(&set).unwrap(),
        Config::Set {
            key: "loud".into(),
            value: true
        }
    );
    assert_eq!(
        read::<Config>(&shelf).unwrap(),
        Config::Shelf(Shelf::Add {
            label: "Maps".into()
        })
    );
}

#[test]
fn a_struct_takes_the_options_of_the_innermost_subcommand() {
    #[derive(Deserialize)]
    struct Add {
        label: String,
    }
    let [_, set, shelf] = subcommands().map(|it| interaction(&it));
    assert_eq!(read::<Add>(&shelf).unwrap().label, "Maps");
    assert_eq!(
        read::<Value>(&set).unwrap(),
        json!({ "key": "loud", "value": true })
    );
}

#[test]
fn mistakes_name_the_option() {
    assert_eq!(
        failure::<Warn>(
            &json!([{ "name": "user", "type": 3, "value": "x" }, { "name": "points", "type": 3, "value": "x" }])
        ),
        "option `points`: invalid type: string \"x\", expected u32"
    );
    assert_eq!(
        failure::<Warn>(&json!([])),
        "the options: missing field `user`"
    );
    assert_eq!(
        failure::<Config>(&json!([])),
        "the options: an enum is read from a subcommand, and this command has none: use a struct"
    );
    let unknown = failure::<Config>(&json!([{ "name": "drop", "type": 1 }]));
    assert!(unknown.contains("unknown variant `drop`"), "{unknown}");
    let number =
        failure::<BTreeMap<String, u64>>(&json!([{ "name": "who", "type": 6, "value": "ada" }]));
    assert_eq!(number, "option `who`: `ada` is not an id");
    let event = read::<Warn>(r#"{ "content": "hi" }"#)
        .unwrap_err()
        .to_string();
    assert!(
        event.starts_with("the event is not an interaction with options"),
        "{event}"
    );
}

#[test]
fn the_focused_option_is_the_text_so_far() {
    let options = json!([{ "name": "set", "type": 1, "options": [
        { "name": "key", "type": 3, "value": "lo", "focused": true },
        { "name": "n", "type": 4, "value": 3 },
    ]}]);
    let found = focused(&interaction(&options)).unwrap();
    assert_eq!(found, Some(("key".into(), "lo".into())));
    let number = json!([{ "name": "n", "type": 4, "value": "1", "focused": true }]);
    assert_eq!(
        focused(&interaction(&number)).unwrap(),
        Some(("n".into(), "1".into()))
    );
    assert_eq!(focused(&interaction(&json!([]))).unwrap(), None);
}
