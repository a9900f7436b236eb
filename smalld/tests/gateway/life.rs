//! A: a healthy connection.

use std::time::Duration;

use smalld::handler::Handlers;
use smalld::{Json, Payload, SmallD, json};
use smalld_sandbox::Connection;

use crate::support::TIMEOUT;
use crate::test_bot::{IDENTIFY_INTERVAL, TestBot, acknowledge_for, bot_leaves, sent_so_far};

/// The heartbeat interval, and the precision with which heartbeats are timed.
const INTERVAL: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

fn beat(d: impl Into<Json>) -> Json {
    json!({ "op": 1, "d": d.into() })
}

/// Advances the clock until the first heartbeat, which is sent within an interval. Returns the
/// time.
async fn first_beat(test: &TestBot, connection: &mut Connection, d: impl Into<Json>) -> Duration {
    let (mut passed, beat) = (Duration::ZERO, beat(d));
    loop {
        test.advance(STEP).await;
        passed += STEP;
        let sent = sent_so_far(connection).await;
        if !sent.is_empty() {
            assert_eq!(sent, [beat]);
            return passed;
        }
        assert!(passed <= INTERVAL, "no heartbeat in {passed:?}");
    }
}

/// Checks that the next heartbeat is sent exactly an interval after the last one.
async fn next_beat(test: &TestBot, connection: &mut Connection, d: impl Into<Json>) {
    test.advance(INTERVAL.saturating_sub(STEP * 2)).await;
    assert_eq!(sent_so_far(connection).await, [] as [Json; 0]);
    test.advance(STEP * 2).await;
    assert_eq!(sent_so_far(connection).await, [beat(d)]);
}

#[tokio::test(start_paused = true)]
async fn case_a1_identify_follows_hello_at_once_and_a_heartbeat_does_not() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    assert!(!connection.to_resume_url());
    let agent = connection.header("user-agent").unwrap_or_default();
    assert!(agent.starts_with("DiscordBot ("), "{agent}");
    assert_eq!(connection.header("authorization"), None);
    connection.hello(INTERVAL).await;
    let identify = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(identify["op"], 2);
    let d = identify["d"].as_object().unwrap();
    assert_eq!(d["token"], test.sandbox.token());
    assert!(d["intents"].is_u64(), "{identify}");
    let properties = d["properties"].as_object().unwrap();
    let names: Vec<_> = properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["browser", "device", "os"]);
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    first_beat(&test, &mut connection, Json::Null).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a2_heartbeats_come_each_interval_without_drift() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    first_beat(&test, &mut connection, 1).await;
    for _ in 0..8 {
        next_beat(&test, &mut connection, 1).await;
    }
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a3_without_an_event_the_heartbeat_carries_null() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    first_beat(&test, &mut connection, Json::Null).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a4_a_heartbeat_carries_the_newest_number() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    for s in [2, 3] {
        connection.event(s).await;
    }
    test.record.wait_for(3).await;
    first_beat(&test, &mut connection, 3).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a5_a_requested_heartbeat_is_sent_at_once_and_in_addition() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    first_beat(&test, &mut connection, 1).await;
    test.advance(INTERVAL / 2).await;
    connection.send(json!({ "op": 1, "d": null })).await;
    assert_eq!(connection.payload(TIMEOUT).await, Some(beat(1)));
    test.advance((INTERVAL / 2).saturating_sub(STEP * 2)).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.advance(STEP * 2).await;
    assert_eq!(sent_so_far(&mut connection).await, [beat(1)]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a6_an_acknowledgement_needs_no_other_field() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.ready("sid", 1).await;
    first_beat(&test, &mut connection, 1).await;
    for _ in 0..3 {
        connection.send_text(r#"{"op":11}"#).await;
        next_beat(&test, &mut connection, 1).await;
    }
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a7_heartbeats_are_sent_while_ready_is_late() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    first_beat(&test, &mut connection, Json::Null).await;
    for _ in 0..4 {
        next_beat(&test, &mut connection, Json::Null).await;
    }
    connection.ready("sid", 1).await;
    test.record.wait_for(1).await;
    test.advance(INTERVAL).await;
    assert_eq!(sent_so_far(&mut connection).await, [beat(1)]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a7_without_ready_for_a_minute_the_connection_is_left_and_a_session_started() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    acknowledge_for(&test, &mut connection, 59).await;
    test.advance(SECOND).await;
    bot_leaves(connection).await;
    let lines = test
        .log
        .lines("has not answered IDENTIFY with READY for 1 min");
    assert_eq!(lines.len(), 1);
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a8_unavailable_guilds_are_delivered_unchanged() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(INTERVAL).await;
    let guilds = ["1", "2", "3"].map(|id| json!({ "id": id, "unavailable": true }));
    let ready = json!({
        "user": { "id": "9" }, "session_id": "sid", "guilds": guilds,
        "resume_gateway_url": test.sandbox.resume_gateway_url(),
    });
    let sent = [
        ("READY", ready),
        ("GUILD_CREATE", json!({ "id": "1", "name": "one" })),
        ("GUILD_CREATE", json!({ "id": "2", "unavailable": true })),
        ("GUILD_DELETE", json!({ "id": "3", "unavailable": true })),
    ];
    for (s, (t, d)) in (1..).zip(&sent) {
        connection.dispatch(t, s, d.clone()).await;
    }
    test.record.wait_for(4).await;
    let got = test.record.all().into_iter().filter(|got| got["op"] == 0);
    let got: Vec<_> = got
        .map(|got| (got["t"].clone(), got["d"].clone()))
        .collect();
    assert_eq!(got, sent.map(|(t, d)| (json!(t), d)));
    test.close(connection).await;
}

/// Checks that handlers receive exactly this text, and that the bot continues.
async fn is_handed_over(payload: &str) {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send_text(payload).await;
    connection.event(60).await;
    test.record.wait_for(60).await;
    let sent: Json = serde_json::from_str(payload).unwrap();
    assert!(test.record.all().contains(&sent), "{:?}", test.record.all());
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a9_an_unknown_event_is_delivered() {
    is_handed_over(r#"{"t":"FIXTURE_EVENT_FROM_THE_FUTURE","s":50,"op":0,"d":{}}"#).await;
}

#[tokio::test(start_paused = true)]
async fn case_a10_an_unknown_opcode_is_delivered() {
    is_handed_over(r#"{"op":99,"d":{}}"#).await;
}

#[tokio::test(start_paused = true)]
async fn case_a11_d_of_any_type_is_delivered() {
    for d in ["null", "[1,null]", r#""text""#] {
        is_handed_over(&format!(r#"{{"op":0,"t":"X","s":50,"d":{d}}}"#)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_a13_a_slow_handler_delays_no_heartbeat() {
    let handlers = Handlers::new().on("SLOW", |_, _| tokio::time::sleep(INTERVAL * 9));
    let mut test = TestBot::start_with(handlers, |builder| builder).await;
    let mut connection = test.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    connection.dispatch("SLOW", 2, json!({})).await;
    test.record.wait_for(2).await;
    first_beat(&test, &mut connection, 2).await;
    for s in 3..7 {
        connection.event(s).await;
        test.record.wait_for(s).await;
        next_beat(&test, &mut connection, s).await;
    }
    // Otherwise the shutdown would wait for the handler.
    test.advance(INTERVAL * 9).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a14_a_panicking_handler_affects_no_other_handler() {
    let handlers = Handlers::new().on("TEST_EVENT", |_: SmallD, payload: Payload| async move {
        assert_ne!(payload.s(), Some(50), "on purpose");
    });
    let mut test = TestBot::start_with(handlers, |builder| builder).await;
    let mut connection = test.ready().await;
    connection.event(50).await;
    connection.event(51).await;
    test.record.wait_for(51).await;
    let numbers: Vec<_> = test
        .record
        .dispatches()
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(numbers, [1, 42, 50, 51]);
    assert!(
        test.log.text().contains("on purpose"),
        "{}",
        test.log.text()
    );
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a15_an_event_of_40_mib_is_delivered() {
    const SIZE: usize = 40 << 20;
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let padding = "x".repeat(SIZE);
    let payload =
        format!(r#"{{"op":0,"t":"GUILD_CREATE","s":50,"d":{{"id":"1","x":"{padding}"}}}}"#);
    connection.send_text(payload).await;
    let got = test.record.wait_for(50).await;
    assert_eq!(got["d"]["x"].as_str().map(str::len), Some(SIZE));
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a16_a_repeated_event_is_delivered_twice() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    for s in [50, 50, 51] {
        connection.event(s).await;
    }
    test.record.wait_for(51).await;
    let numbers: Vec<_> = test
        .record
        .dispatches()
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(numbers, [1, 42, 50, 50, 51]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a17_a_gap_is_one_line_in_the_log() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    for s in [43, 46, 47] {
        connection.event(s).await;
    }
    test.record.wait_for(47).await;
    let lines = test.log.lines("missing");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].contains("44") && lines[1].contains("45"),
        "{lines:?}"
    );
    assert!(test.has_no_other_connection());
    connection.cut();
    let connection = test.resuming(47).await;
    test.close(connection).await;
}
