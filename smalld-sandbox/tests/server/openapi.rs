//! Requests against Discord's own OpenAPI document. It is not part of the project; without it these tests
//! pass and say so.

use reqwest::Method;
use serde_json::{Value, json};
use smalld_sandbox::{OpenApi, Reply, Sandbox};

use crate::common::{Answer, Rest, document};

/// A sandbox with the document, if it is here.
async fn sandbox() -> Option<(Sandbox, Rest)> {
    let document = document()?.clone();
    let builder = Sandbox::builder().rate_limits(false).openapi(document);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    Some((sandbox, rest))
}

/// The code at a place of the tree of errors.
fn code<'e>(errors: &'e Value, place: &str) -> &'e Value {
    errors
        .pointer(&format!("{place}/_errors/0/code"))
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn what_the_document_does_not_allow_is_refused_with_the_tree_of_errors() {
    let Some((sandbox, rest)) = sandbox().await else {
        return;
    };
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    let commands = format!("/applications/{}/commands", sandbox.bot_id());
    let button = |button: Value| json!({ "components": [{ "type": 1, "components": [button] }] });
    let long = "x".repeat(101);
    for (method, path, body, place, expected) in [
        (
            "POST",
            &messages,
            json!({ "content": 7 }),
            "/content",
            "STRING_TYPE_CONVERT",
        ),
        (
            "POST",
            &messages,
            json!({ "tts": "yes" }),
            "/tts",
            "BOOLEAN_TYPE_CONVERT",
        ),
        (
            "POST",
            &messages,
            json!({ "embeds": {} }),
            "/embeds",
            "LIST_TYPE_CONVERT",
        ),
        (
            "POST",
            &messages,
            json!({ "embeds": [7] }),
            "/embeds/0",
            "DICT_TYPE_CONVERT",
        ),
        (
            "POST",
            &messages,
            json!({ "sticker_ids": ["x"] }),
            "/sticker_ids/0",
            "NUMBER_TYPE_COERCE",
        ),
        (
            "POST",
            &messages,
            json!({ "embeds": [{ "url": "nowhere" }] }),
            "/embeds/0/url",
            "URL_TYPE_INVALID_URL",
        ),
        (
            "POST",
            &messages,
            json!({ "embeds": [{ "timestamp": "today" }] }),
            "/embeds/0/timestamp",
            "DATE_TIME_TYPE_PARSE",
        ),
        (
            "POST",
            &messages,
            json!({ "components": [{ "type": 99 }] }),
            "/components/0/type",
            "BASE_TYPE_CHOICES",
        ),
        (
            "POST",
            &messages,
            json!({ "components": [{ "components": [] }] }),
            "/components/0/type",
            "BASE_TYPE_REQUIRED",
        ),
        (
            "POST",
            &messages,
            button(json!({ "type": 2, "style": 9, "custom_id": "a" })),
            "/components/0/components/0/style",
            "BASE_TYPE_CHOICES",
        ),
        (
            "POST",
            &messages,
            button(json!({ "type": 2, "style": 1, "custom_id": long })),
            "/components/0/components/0/custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            "POST",
            &commands,
            json!({ "description": "d" }),
            "/name",
            "BASE_TYPE_REQUIRED",
        ),
    ] {
        let refused = rest.send(method, path, &body).await;
        assert_eq!(refused.error(), (400, Some(50_035)), "{body}");
        let errors = &refused.json["errors"];
        assert_eq!(code(errors, place), expected, "{body}: {errors}");
    }
}

#[tokio::test]
async fn the_query_is_checked() {
    let Some((sandbox, rest)) = sandbox().await else {
        return;
    };
    let members = format!("/guilds/{}/members", sandbox.guild_id());
    for (query, expected) in [
        ("limit=1001", "NUMBER_TYPE_MAX"),
        ("limit=0", "NUMBER_TYPE_MIN"),
        ("limit=many", "NUMBER_TYPE_COERCE"),
    ] {
        let refused = rest.get(&format!("{members}?{query}")).await;
        assert_eq!(code(&refused.json["errors"], "/limit"), expected, "{query}");
    }
    assert_eq!(
        rest.get(&format!("{members}?limit=10&after=0"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_discord_accepts_passes() {
    let Some((sandbox, rest)) = sandbox().await else {
        return;
    };
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    let commands = format!("/applications/{}/commands", sandbox.bot_id());
    let row = |component: Value| json!({ "type": 1, "components": [component] });
    for (path, body) in [
        (
            &messages,
            json!({ "content": "hi", "nonce": 7, "unknown": "field", "flags": null }),
        ),
        (
            &messages,
            json!({ "content": "hi", "allowed_mentions": { "parse": ["users"] } }),
        ),
        (
            &messages,
            json!({ "embeds": [{ "title": "t", "color": 1, "fields": [] }] }),
        ),
        (
            &messages,
            json!({ "content": "x", "components": [
                row(json!({ "type": 2, "style": 5, "label": "l", "url": "https://example.org" })),
                row(json!({ "type": 3, "custom_id": "c", "options": [{ "label": "l", "value": "v" }] })),
            ] }),
        ),
        (
            &commands,
            json!({ "name": "warn", "description": "d", "options": [
                { "type": 6, "name": "user", "description": "who", "required": true },
                { "type": 4, "name": "days", "description": "how long", "min_value": 1 },
            ] }),
        ),
    ] {
        let accepted = rest.post(path, &body).await;
        assert!(
            matches!(accepted.status, 200 | 201),
            "{body}: {}",
            accepted.json
        );
    }
}

#[tokio::test]
async fn a_stub_gets_only_what_the_document_allows() {
    let Some((sandbox, rest)) = sandbox().await else {
        return;
    };
    sandbox.on("POST", "/channels/{}/messages", |_| {
        Reply::json(200, json!({}))
    });
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    let post = |content: Value| {
        let request = rest.request(Method::POST, &messages);
        Answer::of_stub(request.json(&json!({ "content": content })))
    };
    assert_eq!(post(json!(7)).await.status, 400);
    assert_eq!(post(json!("hi")).await.status, 200);
}

#[test]
fn a_file_that_is_no_document_is_an_error() {
    let refused = |path: &str| OpenApi::load(path).expect_err("refused").to_string();
    assert!(refused("nowhere.json").starts_with("nowhere.json: "));
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert!(refused(manifest).contains("Cargo.toml: "));
}
