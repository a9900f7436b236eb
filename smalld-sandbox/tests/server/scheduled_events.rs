//! Scheduled events, stages and voice.

use crate::common::{ALL_INTENTS, Gateway, Rest};
use serde_json::json;
use smalld_sandbox::Sandbox;

async fn sandbox() -> (Sandbox, Rest, String) {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let guild = format!("/guilds/{}", sandbox.guild_id());
    (sandbox, rest, guild)
}

/// A channel of this type. Its events are not received yet.
async fn channel(rest: &Rest, guild: &str, kind: u64) -> String {
    let body = json!({ "name": "talk", "type": kind });
    let made = rest.post(&format!("{guild}/channels"), &body).await;
    made.json["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_event_is_scheduled_started_and_completed() {
    let (sandbox, rest, guild) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let events = format!("{guild}/scheduled-events");
    let body = json!({
        "name": "Picnic",
        "scheduled_start_time": "2999-01-01T10:00:00Z",
        "scheduled_end_time": "2999-01-01T12:00:00Z",
        "privacy_level": 2,
        "entity_type": 3,
        "entity_metadata": { "location": "The park" },
    });
    let made = rest.post(&events, &body).await;
    assert_eq!(
        (made.status, &made.json["status"]),
        (200, &json!(1)),
        "{}",
        made.json
    );
    assert_eq!(
        gateway.dispatch("GUILD_SCHEDULED_EVENT_CREATE").await["d"]["id"],
        made.json["id"]
    );
    gateway.dispatch("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    let id = made.json["id"].as_str().expect("an id");
    sandbox.user("robin").subscribe_to_event(id).await;
    let told = gateway.dispatch("GUILD_SCHEDULED_EVENT_USER_ADD").await;
    assert_eq!(told["d"]["guild_scheduled_event_id"], id);
    let event = format!("{events}/{id}");
    let counted = rest
        .get(&format!("{event}?with_user_count=true"))
        .await
        .json;
    assert_eq!(counted["user_count"], 1);
    let users = rest
        .get(&format!("{event}/users?with_member=true"))
        .await
        .json;
    assert_eq!(users[0]["member"]["user"]["username"], "robin");
    let counts = rest.get(&format!("{event}/users/counts")).await.json;
    assert_eq!(counts["guild_scheduled_event_count"], 1);
    let skipped =
        json!({ "original_scheduled_start_time": "2999-01-08T10:00:00Z", "is_canceled": true });
    let exception = rest.post(&format!("{event}/exceptions"), &skipped).await;
    assert_eq!(exception.json["is_canceled"], true);
    let exception = exception.json["event_exception_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let exception = format!("{event}/exceptions/{exception}");
    assert_eq!(
        rest.patch(&exception, &json!({ "is_canceled": false }))
            .await
            .json["is_canceled"],
        false
    );
    assert_eq!(rest.delete(&exception).await.status, 204);
    let completed = rest.patch(&event, &json!({ "status": 3 })).await;
    assert_eq!(completed.error(), (400, Some(50_035)));
    for status in [2, 3] {
        let changed = rest.patch(&event, &json!({ "status": status })).await;
        assert_eq!(changed.json["status"], status);
    }
    let late = rest.patch(&event, &json!({ "name": "x" })).await;
    assert_eq!(late.error(), (400, Some(180_000)));
    assert_eq!(rest.get(&events).await.json, json!([]));
    assert_eq!(rest.delete(&event).await.status, 204);
    assert_eq!(rest.get(&event).await.error(), (404, Some(10_070)));
}

#[tokio::test]
async fn an_event_needs_a_place_and_a_time() {
    let (sandbox, rest, guild) = sandbox().await;
    let events = format!("{guild}/scheduled-events");
    let body = json!({
        "name": "Picnic",
        "scheduled_start_time": "2000-01-01T10:00:00Z",
        "privacy_level": 2,
        "entity_type": 3,
        "channel_id": sandbox.channel_id(),
    });
    let wrong = rest.post(&events, &body).await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
    let code = |field: &str| wrong.json["errors"][field]["_errors"][0]["code"].clone();
    assert_eq!(code("entity_metadata"), "BASE_TYPE_REQUIRED");
    assert_eq!(code("scheduled_end_time"), "BASE_TYPE_REQUIRED");
    assert_eq!(code("channel_id"), "BASE_TYPE_INVALID");
    assert_eq!(
        code("scheduled_start_time"),
        "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST"
    );
}

#[tokio::test]
async fn a_stage_is_opened_and_closed() {
    let (sandbox, rest, guild) = sandbox().await;
    let stage = channel(&rest, &guild, 13).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let body = json!({ "channel_id": stage, "topic": "News" });
    let opened = rest.post("/stage-instances", &body).await;
    assert_eq!(
        (opened.status, &opened.json["topic"]),
        (200, &json!("News")),
        "{}",
        opened.json
    );
    assert_eq!(
        gateway.dispatch("STAGE_INSTANCE_CREATE").await["d"],
        opened.json
    );
    assert_eq!(
        rest.post("/stage-instances", &body).await.error(),
        (400, Some(150_006))
    );
    let path = format!("/stage-instances/{stage}");
    let renamed = rest.patch(&path, &json!({ "topic": "Weather" })).await;
    assert_eq!(renamed.json["topic"], "Weather");
    gateway.dispatch("STAGE_INSTANCE_UPDATE").await;
    let robin = sandbox.user("robin");
    robin.join_voice(&stage).await;
    let joined = gateway.dispatch("VOICE_STATE_UPDATE").await;
    assert_eq!(
        (&joined["d"]["channel_id"], &joined["d"]["suppress"]),
        (&json!(stage), &json!(true))
    );
    let of_robin = format!("{guild}/voice-states/{}", robin.id);
    assert_eq!(
        rest.patch(&of_robin, &json!({ "suppress": false }))
            .await
            .status,
        204
    );
    assert_eq!(
        gateway.dispatch("VOICE_STATE_UPDATE").await["d"]["suppress"],
        false
    );
    assert_eq!(rest.delete(&path).await.status, 204);
    gateway.dispatch("STAGE_INSTANCE_DELETE").await;
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_067)));
    let text = json!({ "channel_id": sandbox.channel_id(), "topic": "News" });
    assert_eq!(
        rest.post("/stage-instances", &text).await.error(),
        (400, Some(50_024))
    );
}

#[tokio::test]
async fn users_and_the_bot_connect_to_voice() {
    let (sandbox, rest, guild) = sandbox().await;
    let voice = channel(&rest, &guild, 2).await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let robin = sandbox.user("robin");
    robin.join_voice(&voice).await;
    gateway.dispatch("VOICE_STATE_UPDATE").await;
    let d = json!({
        "guild_id": sandbox.guild_id(), "channel_id": voice, "self_mute": true, "self_deaf": false,
    });
    gateway.send(&json!({ "op": 4, "d": d })).await;
    let state = gateway.dispatch("VOICE_STATE_UPDATE").await;
    assert_eq!(
        (&state["d"]["user_id"], &state["d"]["self_mute"]),
        (&json!(sandbox.bot_id()), &json!(true))
    );
    let server = gateway.dispatch("VOICE_SERVER_UPDATE").await;
    assert_eq!(server["d"]["guild_id"], sandbox.guild_id());
    let own = rest.get(&format!("{guild}/voice-states/@me")).await.json;
    assert_eq!(own["session_id"], state["d"]["session_id"]);
    robin.leave_voice().await;
    let left = gateway.dispatch("VOICE_STATE_UPDATE").await;
    assert_eq!(left["d"]["channel_id"], json!(null));
    let gone = rest
        .get(&format!("{guild}/voice-states/{}", robin.id))
        .await;
    assert_eq!(gone.error(), (404, Some(10_065)));
}
