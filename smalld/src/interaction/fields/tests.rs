use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn submission(components: &Value) -> String {
    let resolved = json!({
        "users": { "20": { "id": "20", "username": "ada" } },
        "attachments": { "50": { "id": "50", "filename": "cat.png" } },
    });
    json!({ "type": 5, "data": { "custom_id": "m", "components": components, "resolved": resolved } })
        .to_string()
}

#[test]
fn fields_are_read_from_labels_rows_and_text() {
    #[derive(Debug, Deserialize)]
    struct Suggestion {
        title: String,
        genre: Vec<String>,
        notify: bool,
        who: Vec<u64>,
        files: Vec<File>,
        plan: Option<String>,
    }
    #[derive(Debug, Deserialize)]
    struct File {
        filename: String,
    }
    let components = json!([
        { "type": 10, "id": 9 },
        { "type": 1, "components": [{ "type": 4, "custom_id": "title", "value": "Nine Quiet Rooms" }] },
        { "type": 18, "component": { "type": 3, "custom_id": "genre", "values": ["mystery", "maps"] } },
        { "type": 18, "component": { "type": 23, "custom_id": "notify", "value": true } },
        { "type": 18, "component": { "type": 5, "custom_id": "who", "values": ["20"] } },
        { "type": 18, "component": { "type": 19, "custom_id": "files", "values": ["50"] } },
        { "type": 18, "component": { "type": 21, "custom_id": "plan", "value": null } },
    ]);
    let read: Suggestion = read(&submission(&components)).unwrap();
    assert_eq!(read.title, "Nine Quiet Rooms");
    assert_eq!(read.genre, ["mystery", "maps"]);
    assert_eq!((read.notify, read.who), (true, vec![20]));
    assert_eq!(read.files[0].filename, "cat.png");
    assert_eq!(read.plan, None);
}

#[test]
fn choices_are_objects_where_json_is_asked_for() {
    let components =
        json!([{ "type": 18, "component": { "type": 5, "custom_id": "who", "values": ["20"] } }]);
    let fields: Value = read(&submission(&components)).unwrap();
    assert_eq!(
        fields,
        json!({ "who": [{ "id": "20", "username": "ada" }] })
    );
}

#[test]
fn mistakes_name_the_field() {
    #[derive(Debug, Deserialize)]
    struct Form {
        #[serde(rename = "reason")]
        _reason: String,
    }
    let fails = |components| {
        let error = read::<Form>(&submission(&components)).unwrap_err();
        error.to_string()
    };
    assert_eq!(fails(json!([])), "the fields: missing field `reason`");
    let list = fails(json!([{ "type": 3, "custom_id": "reason", "values": ["spam"] }]));
    assert_eq!(
        list,
        "field `reason`: invalid type: sequence, expected a string"
    );
    let event = read::<Form>(r#"{ "type": 2, "data": {} }"#).unwrap_err();
    let event = event.to_string();
    assert!(
        event.starts_with("the event is not the submission of a modal: missing field `components`"),
        "{event}"
    );
}
