//! Polls, forwarded messages, and messages of components alone.

use std::time::Duration;

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
/// Members, presences and message content.
const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    (sandbox, rest, messages)
}

fn poll(change: &Value) -> Value {
    let mut poll = json!({
        "question": { "text": "tea?" },
        "answers": [{ "poll_media": { "text": "yes" } }, { "poll_media": { "text": "no" } }],
        "duration": 1,
    });
    let fields = change.as_object().expect("an object").clone();
    poll.as_object_mut().expect("an object").extend(fields);
    json!({ "poll": poll })
}

#[tokio::test]
async fn users_vote_until_a_poll_ends() {
    let (sandbox, rest, messages) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let asked = rest.post(&messages, &poll(&json!({}))).await.json;
    assert_eq!(asked["poll"]["answers"][1]["answer_id"], 2);
    assert_eq!(asked["poll"]["results"]["is_finalized"], false);
    gateway.dispatch("MESSAGE_CREATE").await;
    let id = asked["id"].as_str().expect("an id");
    let robin = sandbox.user("robin");
    robin.vote(id, 1).await;
    let told = gateway.dispatch("MESSAGE_POLL_VOTE_ADD").await;
    assert_eq!(
        (&told["d"]["answer_id"], &told["d"]["user_id"]),
        (&json!(1), &json!(robin.id))
    );
    robin.vote(id, 2).await;
    gateway.dispatch("MESSAGE_POLL_VOTE_REMOVE").await;
    gateway.dispatch("MESSAGE_POLL_VOTE_ADD").await;
    let polls = format!("/channels/{}/polls/{id}", sandbox.channel_id());
    let voters = rest.get(&format!("{polls}/answers/2")).await.json;
    assert_eq!(voters["users"][0]["id"], robin.id);
    assert_eq!(
        rest.get(&format!("{polls}/answers/1")).await.json["users"],
        json!([])
    );
    assert_eq!(
        rest.get(&format!("{polls}/answers/3")).await.error(),
        (404, Some(10_106))
    );
    sandbox.advance(Duration::from_secs(3601));
    let ended = gateway.dispatch("MESSAGE_UPDATE").await["d"]["poll"]["results"].clone();
    let count = json!({ "id": 2, "count": 1, "me_voted": false });
    assert_eq!(
        ended,
        json!({ "is_finalized": true, "answer_counts": [count] })
    );
    let results = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(results["d"]["type"], 46);
    let again = rest.post(&format!("{polls}/expire"), &json!({})).await;
    assert_eq!(again.error(), (400, Some(520_001)));
}

#[tokio::test]
async fn mistakes_in_polls_have_discords_codes() {
    let (_sandbox, rest, messages) = sandbox().await;
    let long = "x".repeat(56);
    let wrong = json!({
        "question": {}, "answers": [{ "poll_media": { "text": long } }], "duration": 769,
    });
    let errors = rest.post(&messages, &poll(&wrong)).await.json["errors"]["poll"].clone();
    let code = |path: &str| &errors.pointer(path).expect("a mistake")["_errors"][0]["code"];
    assert_eq!(code("/question/text"), "BASE_TYPE_REQUIRED");
    assert_eq!(code("/answers/0/poll_media/text"), "BASE_TYPE_BAD_LENGTH");
    assert_eq!(code("/duration"), "NUMBER_TYPE_MAX");
}

#[tokio::test]
async fn a_forwarded_message_keeps_what_it_was() {
    let (sandbox, rest, messages) = sandbox().await;
    let original = sandbox.say("the news");
    let other = format!("/channels/{}/messages", sandbox.channel("other"));
    let reference = json!({
        "type": 1, "message_id": original, "channel_id": sandbox.channel_id(),
    });
    let sent = rest
        .post(&other, &json!({ "message_reference": reference }))
        .await;
    assert_eq!(sent.status, 200, "{}", sent.json);
    assert_eq!(sent.json["message_reference"]["type"], 1);
    rest.delete(&format!("{messages}/{original}")).await;
    let id = sent.json["id"].as_str().expect("an id");
    let read = rest.get(&format!("{other}/{id}")).await.json;
    assert_eq!(
        read["message_snapshots"][0]["message"]["content"],
        "the news"
    );
    let gone = rest
        .post(&other, &json!({ "message_reference": reference }))
        .await
        .json;
    let code = &gone["errors"]["message_reference"]["_errors"][0]["code"];
    assert_eq!(code, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE");
}

#[tokio::test]
async fn what_cannot_be_read_cannot_be_forwarded() {
    let builder = Sandbox::builder().granted_intents(0).rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let original = sandbox.say("a secret");
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    let reference = json!({
        "type": 1, "message_id": original, "channel_id": sandbox.channel_id(),
    });
    let refused = rest
        .post(&messages, &json!({ "message_reference": reference }))
        .await;
    assert_eq!(refused.error(), (400, Some(160_014)));
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS & !PRIVILEGED).await;
    sandbox.say("another");
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["d"]["content"], "");
}

#[tokio::test]
async fn components_of_version_2_stand_alone() {
    let (_sandbox, rest, messages) = sandbox().await;
    let text = json!([{ "type": 10, "content": "hi" }]);
    let body = json!({ "flags": 1 << 15, "components": text });
    let sent = rest.post(&messages, &body).await;
    assert_eq!((sent.status, &sent.json["flags"]), (200, &json!(1 << 15)));
    let body = json!({ "flags": 1 << 15, "components": text, "content": "x" });
    let refused = rest.post(&messages, &body).await.json;
    let code = &refused["errors"]["content"]["_errors"][0]["code"];
    assert_eq!(code, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2");
}

#[tokio::test]
async fn parts_of_messages_need_permissions_of_their_own() {
    let builder = Sandbox::builder()
        .bot_permissions(1 << 28)
        .rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let guild = sandbox.guild_id();
    let bits = json!({ "permissions": (VIEW_CHANNEL | SEND_MESSAGES).to_string() });
    let everyone = format!("/guilds/{guild}/roles/{guild}");
    assert_eq!(rest.patch(&everyone, &bits).await.status, 200);
    let messages = format!("/channels/{}/messages", sandbox.channel_id());
    assert_eq!(
        rest.post(&messages, &json!({ "content": "hi" }))
            .await
            .status,
        200
    );
    for body in [poll(&json!({})), json!({ "embeds": [{ "title": "t" }] })] {
        assert_eq!(
            rest.post(&messages, &body).await.error(),
            (403, Some(50_013)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_test_begins_threads_and_leaves_them() {
    let (sandbox, rest, _) = sandbox().await;
    let (ada, robin) = (sandbox.user("ada"), sandbox.user("robin"));
    let talk = ada.create_thread("#general", "talk").await;
    robin.join_thread("talk").await;
    let members = format!("/channels/{talk}/thread-members");
    let count = async || rest.get(&members).await.json.as_array().map(Vec::len);
    assert_eq!(count().await, Some(2));
    robin.leave_thread(&talk).await;
    assert_eq!(count().await, Some(1));
    let said = ada.say("#general", "a question").await;
    assert_eq!(robin.create_thread_from(&said, "answers").await, said);
}
