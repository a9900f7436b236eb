use std::sync::Arc;

use super::*;
use crate::rest::error;
use crate::rest::request::File;
use crate::rest::uploads::MAX_FILE_BYTES;

fn body(json: Value) -> Body {
    Body {
        json: Some(json),
        ..Body::default()
    }
}

fn mistakes(json: Value) -> Value {
    draft(body(json)).expect_err("mistakes").body()["errors"].clone()
}

fn file(name: &str, size: usize) -> File {
    File {
        name: name.to_owned(),
        filename: "cat.png".to_owned(),
        content_type: "image/png".to_owned(),
        bytes: Arc::from(vec![0; size]),
    }
}

#[test]
fn length_is_counted_in_characters() {
    assert!(draft(body(json!({ "content": "ü".repeat(2000) }))).is_ok());
    let errors = mistakes(json!({ "content": "ü".repeat(2001) }));
    assert_eq!(
        errors["content"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
}

#[test]
fn all_mistakes_are_reported_together() {
    let errors = mistakes(json!({
        "content": 7,
        "tts": "yes",
        "flags": "many",
        "nonce": "n".repeat(26),
        "embeds": [{ "fields": [{ "name": "n" }] }, 3],
        "message_reference": { "message_id": "x" },
    }));
    assert_eq!(
        errors["content"]["_errors"][0]["code"],
        "STRING_TYPE_CONVERT"
    );
    assert_eq!(errors["tts"]["_errors"][0]["code"], "BOOLEAN_TYPE_CONVERT");
    assert_eq!(errors["flags"]["_errors"][0]["code"], "NUMBER_TYPE_COERCE");
    assert_eq!(
        errors["nonce"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    let value = &errors["embeds"]["0"]["fields"]["0"]["value"]["_errors"];
    assert_eq!(value[0]["code"], "BASE_TYPE_REQUIRED");
    assert_eq!(
        errors["embeds"]["1"]["_errors"][0]["code"],
        "DICT_TYPE_CONVERT"
    );
    assert_eq!(
        errors["message_reference"]["_errors"][0]["code"],
        "NUMBER_TYPE_COERCE"
    );
}

#[test]
fn all_embeds_together_have_a_maximum_size() {
    let embed = json!({ "description": "x".repeat(4000) });
    assert!(draft(body(json!({ "embeds": [embed] }))).is_ok());
    let errors = mistakes(json!({ "embeds": [embed, embed] }));
    assert_eq!(
        errors["embeds"]["_errors"][0]["code"],
        "MAX_EMBED_SIZE_EXCEEDED"
    );
}

#[test]
fn an_attachment_describes_the_file_with_its_number() {
    let json = json!({ "attachments": [{ "id": 3, "description": "a cat", "filename": "c.png" }] });
    let files = vec![
        file("files[0]", 1),
        file("files[3]", 2),
        file("thumbnail", 3),
    ];
    let uploads = draft(Body {
        json: Some(json),
        files,
        ..Body::default()
    })
    .expect("fine")
    .uploads;
    assert_eq!(uploads.len(), 2);
    assert_eq!(
        (uploads[0].filename.as_str(), &uploads[0].description),
        ("cat.png", &None)
    );
    assert_eq!(uploads[1].filename, "c.png");
    assert_eq!(uploads[1].description.as_deref(), Some("a cat"));
}

#[test]
fn a_file_that_is_too_large_has_its_own_error() {
    let files = vec![file("files[0]", MAX_FILE_BYTES + 1)];
    let refused = draft(Body {
        files,
        ..Body::default()
    })
    .err();
    assert_eq!(refused, Some(error::TOO_LARGE.into()));
}

#[test]
fn an_edit_distinguishes_absent_from_null() {
    let absent = edit(body(json!({}))).expect("fine");
    assert!(absent.content.is_none() && absent.embeds.is_none() && absent.keep.is_none());
    let null = json!({ "content": null, "embeds": null, "attachments": [] });
    let cleared = edit(body(null)).expect("fine");
    assert_eq!(cleared.content.as_deref(), Some(""));
    assert_eq!((cleared.embeds, cleared.keep), (Some(vec![]), Some(vec![])));
}

#[test]
fn only_listed_mentions_are_allowed() {
    let mentions = |allowed| {
        draft(body(json!({ "content": "x", "allowed_mentions": allowed })))
            .expect("fine")
            .may_mention
    };
    let none = mentions(json!({ "parse": [] }));
    assert!(!none.everyone && !none.any_user && !none.replied_user);
    assert!(mentions(json!({ "parse": ["users"] })).any_user);
    assert!(mentions(Value::Null).everyone);
}
