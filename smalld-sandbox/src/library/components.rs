//! Use of components: finding one in a message, and filling in a modal.

use serde_json::{Value, json};

/// The component with this `custom_id`, at any depth.
pub(crate) fn find_component<'c>(components: &'c Value, custom_id: &str) -> Option<&'c Value> {
    components.as_array()?.iter().find_map(|component| {
        if component["custom_id"] == custom_id {
            return Some(component);
        }
        if component["accessory"]["custom_id"] == custom_id {
            return Some(&component["accessory"]);
        }
        find_component(&component["components"], custom_id)
    })
}

/// Panics unless the select menu offers these values.
pub(crate) fn check_options(select: &Value, values: &[String], custom_id: &str) {
    let options = select["options"].as_array();
    let has = |value: &String| {
        let mut options = options.into_iter().flatten();
        options.any(|option| option["value"] == **value)
    };
    for value in values {
        assert!(has(value), "select `{custom_id}` has no option `{value}`");
    }
}

/// The components of a modal as they are submitted; values that were used are removed from `fields`.
pub(crate) fn filled(components: &Value, fields: &mut Vec<(String, String)>) -> Value {
    let components = components.as_array().into_iter().flatten();
    let submitted = components.map(|component| match component["type"].as_u64() {
        Some(1) => {
            let inner = filled(&component["components"], fields);
            json!({ "type": 1, "id": component["id"], "components": inner })
        }
        Some(18) => {
            let inner = filled(&json!([component["component"]]), fields);
            json!({ "type": 18, "id": component["id"], "component": inner[0] })
        }
        kind => {
            let custom_id = component["custom_id"].as_str().unwrap_or_default();
            let given = fields.iter().position(|(known, _)| known == custom_id);
            let given = given.map(|place| fields.remove(place).1);
            let id = &component["id"];
            let mut field = json!({ "type": kind, "id": id, "custom_id": custom_id });
            if kind == Some(4) {
                let preset = component["value"].as_str().unwrap_or_default();
                field["value"] = json!(given.as_deref().unwrap_or(preset));
            } else {
                field["values"] = json!(given.into_iter().collect::<Vec<_>>());
            }
            field
        }
    });
    submitted.collect()
}
