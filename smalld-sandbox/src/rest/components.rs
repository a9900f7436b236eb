//! The rules for components of messages and modals.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::mistakes::Mistakes;
use super::rules::{self, Is, Rule, optional, required};

const ACTION_ROW: i64 = 1;
const BUTTON: i64 = 2;
const STRING_SELECT: i64 = 3;
const TEXT_INPUT: i64 = 4;
const LABEL: i64 = 18;
/// The styles of buttons that open a link or a purchase, and so have no `custom_id`.
const LINK: i64 = 5;
const PREMIUM: i64 = 6;

const ANY: &[Rule] = &[required(
    "type",
    Is::OneOf(&[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 21, 22, 23,
    ]),
)];
const OF_ROW: &[Rule] = &[required("components", Is::List(5))];
const OF_BUTTON: &[Rule] = &[
    required("style", Is::OneOf(&[1, 2, 3, 4, 5, 6])),
    optional("label", Is::Text(0, 80)),
    optional("disabled", Is::Boolean),
    optional("emoji", Is::Object),
];
const CUSTOM_ID: &[Rule] = &[required("custom_id", Is::Text(1, 100))];
const OF_LINK: &[Rule] = &[required("url", Is::Text(1, 512))];
const OF_PREMIUM: &[Rule] = &[required("sku_id", Is::Id)];
const OF_SELECT: &[Rule] = &[
    optional("placeholder", Is::Text(0, 150)),
    optional("min_values", Is::Integer(0, 25)),
    optional("max_values", Is::Integer(1, 25)),
    optional("disabled", Is::Boolean),
];
const OF_STRING_SELECT: &[Rule] = &[required("options", Is::List(25))];
const OF_OPTION: &[Rule] = &[
    required("label", Is::Text(1, 100)),
    required("value", Is::Text(1, 100)),
    optional("description", Is::Text(0, 100)),
    optional("default", Is::Boolean),
];
const OF_TEXT_INPUT: &[Rule] = &[
    required("style", Is::OneOf(&[1, 2])),
    optional("label", Is::Text(1, 45)),
    optional("min_length", Is::Integer(0, 4000)),
    optional("max_length", Is::Integer(1, 4000)),
    optional("required", Is::Boolean),
    optional("value", Is::Text(0, 4000)),
    optional("placeholder", Is::Text(0, 100)),
];
const OF_LABEL: &[Rule] = &[
    required("label", Is::Text(1, 45)),
    optional("description", Is::Text(0, 100)),
    required("component", Is::Object),
];
const MODAL: &[Rule] = &[
    required("custom_id", Is::Text(1, 100)),
    required("title", Is::Text(1, 45)),
    required("components", Is::List(5)),
];

/// Checks the components of a message. Without version 2 of components, they are action rows.
pub(crate) fn check_message(components: &[Value], is_v2: bool, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for (place, component) in components.iter().enumerate() {
        let place = place.to_string();
        let path = ["components", &place];
        if !is_v2
            && component["type"]
                .as_i64()
                .is_some_and(|kind| kind != ACTION_ROW)
        {
            let path = [&path[..], &["type"]].concat();
            mistakes.add(&path, "BASE_TYPE_CHOICES", "Value must be one of {1}.");
            continue;
        }
        check(component, &path, &mut seen, mistakes);
    }
}

/// Checks the `data` of a callback that opens a modal.
pub(crate) fn check_modal(modal: &Map<String, Value>, mistakes: &mut Mistakes) {
    rules::check(MODAL, modal, &["data"], mistakes);
    let mut seen = BTreeSet::new();
    let components = modal.get("components").and_then(Value::as_array);
    for (place, component) in components.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = ["data", "components", &place];
        check(component, &path, &mut seen, mistakes);
    }
}

fn check(component: &Value, path: &[&str], seen: &mut BTreeSet<String>, mistakes: &mut Mistakes) {
    let Some(fields) = rules::object(component, path, mistakes) else {
        return;
    };
    rules::check(ANY, fields, path, mistakes);
    let style = component["style"].as_i64();
    let tables: &[&[Rule]] = match component["type"].as_i64() {
        Some(ACTION_ROW) => &[OF_ROW],
        Some(BUTTON) if style == Some(LINK) => &[OF_BUTTON, OF_LINK],
        Some(BUTTON) if style == Some(PREMIUM) => &[OF_BUTTON, OF_PREMIUM],
        Some(BUTTON) => &[OF_BUTTON, CUSTOM_ID],
        Some(STRING_SELECT) => &[OF_SELECT, CUSTOM_ID, OF_STRING_SELECT],
        Some(TEXT_INPUT) => &[OF_TEXT_INPUT, CUSTOM_ID],
        Some(5..=8) => &[OF_SELECT, CUSTOM_ID],
        Some(LABEL) => &[OF_LABEL],
        _ => &[],
    };
    for table in tables {
        rules::check(table, fields, path, mistakes);
    }
    if let Some(custom_id) = component["custom_id"].as_str()
        && !seen.insert(custom_id.to_owned())
    {
        let message = "Component custom id cannot be duplicated";
        let path = [path, &["custom_id"]].concat();
        mistakes.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", message);
    }
    if component["type"] == STRING_SELECT {
        check_options(component, path, mistakes);
    }
    let children = component["components"].as_array();
    for (place, child) in children.into_iter().flatten().enumerate() {
        let place = place.to_string();
        check(
            child,
            &[path, &["components", &place]].concat(),
            seen,
            mistakes,
        );
    }
    for key in ["component", "accessory"] {
        if component[key].is_object() {
            check(&component[key], &[path, &[key]].concat(), seen, mistakes);
        }
    }
}

fn check_options(select: &Value, path: &[&str], mistakes: &mut Mistakes) {
    let options = select["options"].as_array();
    for (place, option) in options.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = [path, &["options", &place]].concat();
        if let Some(option) = rules::object(option, &path, mistakes) {
            rules::check(OF_OPTION, option, &path, mistakes);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(components: &Value) -> Value {
        let mut mistakes = Mistakes::default();
        check_message(components.as_array().expect("a list"), false, &mut mistakes);
        let error = mistakes.check().err();
        error.map_or(Value::Null, |error| {
            error.body()["errors"]["components"].clone()
        })
    }

    #[test]
    fn a_button_needs_a_known_style_and_a_custom_id() {
        let row = |button| json!([{ "type": 1, "components": [button] }]);
        let fine = row(json!({ "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" }));
        assert_eq!(errors(&fine), Value::Null);
        let wrong = errors(&row(json!({ "type": 2, "style": 9 })));
        let button = &wrong["0"]["components"]["0"];
        assert_eq!(button["style"]["_errors"][0]["code"], "BASE_TYPE_CHOICES");
        assert_eq!(
            button["custom_id"]["_errors"][0]["code"],
            "BASE_TYPE_REQUIRED"
        );
        let link = row(json!({ "type": 2, "style": 5 }));
        let code = &errors(&link)["0"]["components"]["0"]["url"]["_errors"][0]["code"];
        assert_eq!(*code, "BASE_TYPE_REQUIRED");
    }

    #[test]
    fn custom_ids_are_unique_and_buttons_stand_in_rows() {
        let button = json!({ "type": 2, "style": 1, "custom_id": "a" });
        let twice = errors(&json!([{ "type": 1, "components": [button, button] }]));
        let code = &twice["0"]["components"]["1"]["custom_id"]["_errors"][0]["code"];
        assert_eq!(*code, "COMPONENT_CUSTOM_ID_DUPLICATED");
        let bare = errors(&json!([button]));
        assert_eq!(bare["0"]["type"]["_errors"][0]["code"], "BASE_TYPE_CHOICES");
    }
}
