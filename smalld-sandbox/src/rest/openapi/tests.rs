use serde_json::json;

use super::*;

/// A document with one operation: a list of shapes, of which each has a type.
fn document() -> OpenApi {
    let shape = |kind: u64, field: &str| {
        let kind = json!({ "type": "integer", "enum": [kind] });
        json!({
            "type": "object",
            "properties": { "type": kind, (field): { "type": "string", "maxLength": 3 } },
            "required": ["type", field],
        })
    };
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let shapes = json!({ "oneOf": [reference("Round"), reference("Square")] });
    let body = json!({
        "type": "object",
        "properties": {
            "shapes": { "type": ["array", "null"], "items": shapes, "maxItems": 2 },
            "color": { "type": "integer", "oneOf": [{ "const": 1 }, { "const": 2 }] },
            "owner": { "oneOf": [{ "type": "null" }, reference("Id")] },
        },
    });
    let operation = json!({
        "operationId": "create_message",
        "parameters": [
            { "name": "wait", "in": "query", "schema": { "type": "boolean" } },
            { "name": "ids", "in": "query", "schema": { "type": "array", "items": reference("Id") } },
            { "name": "limit", "in": "query", "required": true, "schema": { "type": "integer", "minimum": 1 } },
        ],
        "requestBody": { "content": { "application/json": { "schema": body } } },
    });
    let schemas = json!({
        "Round": shape(1, "radius"),
        "Square": shape(2, "side"),
        "Id": { "type": "string", "format": "snowflake" },
    });
    let document = json!({
        "paths": { "/messages": { "post": operation } },
        "components": { "schemas": schemas },
    });
    OpenApi::of(document).expect("a document")
}

/// Every mistake: its place, and its code.
fn mistakes(query: &str, body: &Value) -> Vec<(String, String)> {
    fn collect(place: &str, tree: &Value, all: &mut Vec<(String, String)>) {
        for (key, value) in tree.as_object().into_iter().flatten() {
            if key == "_errors" {
                let codes = value.as_array().into_iter().flatten();
                let code = |error: &Value| error["code"].as_str().unwrap_or_default().to_owned();
                all.extend(codes.map(|error| (place.to_owned(), code(error))));
            } else {
                collect(&format!("{place}/{key}"), value, all);
            }
        }
    }
    let refused = document().check("create_message", query, Some(body)).err();
    let mut all = Vec::new();
    if let Some(error) = refused {
        collect("", &error.body()["errors"], &mut all);
    }
    all
}

fn one(place: &str, code: &str) -> Vec<(String, String)> {
    vec![(place.to_owned(), code.to_owned())]
}

#[test]
fn an_alternative_is_chosen_by_its_type() {
    let of = |shape: Value| mistakes("limit=1", &json!({ "shapes": [shape] }));
    assert_eq!(of(json!({ "type": 1, "radius": "1" })), []);
    assert_eq!(of(json!({ "type": "2", "side": "1" })), []);
    assert_eq!(
        of(json!({ "type": 2, "side": 1 })),
        one("/shapes/0/side", "STRING_TYPE_CONVERT")
    );
    assert_eq!(
        of(json!({ "type": 2, "radius": "1" })),
        one("/shapes/0/side", "BASE_TYPE_REQUIRED")
    );
    assert_eq!(
        of(json!({ "type": 3 })),
        one("/shapes/0/type", "BASE_TYPE_CHOICES")
    );
    assert_eq!(
        of(json!({ "side": "1" })),
        one("/shapes/0/type", "BASE_TYPE_REQUIRED")
    );
    assert_eq!(of(json!("round")), one("/shapes/0", "DICT_TYPE_CONVERT"));
}

#[test]
fn null_ids_and_constants_are_alternatives_too() {
    let of = |body: Value| mistakes("limit=1", &body);
    assert_eq!(
        of(json!({ "shapes": null, "owner": null, "color": 2, "unknown": [] })),
        []
    );
    assert_eq!(of(json!({ "owner": 7 })), []);
    assert_eq!(
        of(json!({ "owner": "x" })),
        one("/owner", "NUMBER_TYPE_COERCE")
    );
    assert_eq!(
        of(json!({ "color": 3 })),
        one("/color", "BASE_TYPE_CHOICES")
    );
    assert_eq!(
        of(json!({ "color": null })),
        one("/color", "BASE_TYPE_REQUIRED")
    );
}

#[test]
fn all_mistakes_are_reported_together() {
    let shapes = json!([{ "type": 1, "radius": "long" }, { "type": 2, "side": 1 }, { "type": 1, "radius": "1" }]);
    let all = mistakes("limit=0", &json!({ "shapes": shapes }));
    let codes: Vec<_> = all
        .iter()
        .map(|(place, code)| (place.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        codes,
        [
            ("/limit", "NUMBER_TYPE_MIN"),
            ("/shapes/0/radius", "BASE_TYPE_MAX_LENGTH"),
            ("/shapes/1/side", "STRING_TYPE_CONVERT"),
            ("/shapes", "BASE_TYPE_MAX_LENGTH"),
        ]
    );
}

#[test]
fn the_query_is_text_that_stands_for_values() {
    let of = |query: &str| mistakes(query, &json!({}));
    assert_eq!(of("limit=2&wait=true&ids=1,2&ids=3"), []);
    assert_eq!(of(""), one("/limit", "BASE_TYPE_REQUIRED"));
    assert_eq!(
        of("limit=2&wait=maybe"),
        one("/wait", "BOOLEAN_TYPE_CONVERT")
    );
    assert_eq!(of("limit=2&ids=1,x"), one("/ids/1", "NUMBER_TYPE_COERCE"));
}

#[test]
fn what_the_document_does_not_describe_passes() {
    let checked = document().check("create_webhook", "limit=x", Some(&json!(7)));
    assert_eq!(checked, Ok(()));
    assert!(OpenApi::of(json!({ "paths": {} })).is_none());
}
