//! Components: what Discord adds to them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The types of select menus.
const SELECTS: [u64; 5] = [3, 5, 6, 7, 8];

/// Gives every component without an `id` one, the smallest number from 1 that no other component has, and
/// every select menu its bounds.
pub(crate) fn complete(components: &mut [Value]) {
    let mut taken = BTreeSet::new();
    for component in components.iter_mut() {
        visit(component, &mut |component| {
            taken.extend(component["id"].as_u64());
        });
    }
    let mut free = (1..).filter(|id| !taken.contains(id));
    for component in components {
        visit(component, &mut |component| {
            let has_id = component["id"].as_u64().is_some_and(|id| id > 0);
            if !has_id {
                component["id"] = json!(free.next());
            }
            if component["type"]
                .as_u64()
                .is_some_and(|kind| SELECTS.contains(&kind))
            {
                bound(component, "min_values");
                bound(component, "max_values");
            }
        });
    }
}

/// One value may be chosen, unless the bot says something else.
fn bound(select: &mut Value, key: &str) {
    if select[key].is_null() {
        select[key] = json!(1);
    }
}

/// Visits a component, and everything that it contains.
fn visit(component: &mut Value, visitor: &mut dyn FnMut(&mut Value)) {
    if !component.is_object() {
        return;
    }
    visitor(component);
    for key in ["component", "accessory"] {
        if let Some(inner) = component.get_mut(key) {
            visit(inner, visitor);
        }
    }
    let inner = component
        .get_mut("components")
        .and_then(Value::as_array_mut);
    for inner in inner.into_iter().flatten() {
        visit(inner, visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_without_an_id_get_the_smallest_free_number() {
        let mut components = [
            json!({ "type": 1, "components": [{ "type": 2 }, { "type": 2, "id": 2 }] }),
            json!({ "type": 18, "id": 0, "component": { "type": 4 } }),
            json!({ "type": 9, "accessory": { "type": 3, "min_values": 0 } }),
        ];
        complete(&mut components);
        let expected = [
            json!({ "type": 1, "id": 1, "components": [{ "type": 2, "id": 3 }, { "type": 2, "id": 2 }] }),
            json!({ "type": 18, "id": 4, "component": { "type": 4, "id": 5 } }),
            json!({ "type": 9, "id": 6, "accessory": {
                "type": 3, "id": 7, "min_values": 0, "max_values": 1,
            } }),
        ];
        assert_eq!(components, expected);
    }
}
