//! A: what happens while all is well.

use std::time::Duration;

use smalld::handler::Handlers;
use smalld::{Json, Payload, SmallD, json};
use smalld_sandbox::Connection;

use crate::play::{IDENTIFY_WINDOW, Play, acknowledges_for, is_left, so_far};
use crate::support::TIMEOUT;

/// The interval of heartbeats, and how finely their times are told.
const INTERVAL: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

fn beat(d: impl Into<Json>) -> Json {
    json!({ "op": 1, "d": d.into() })
}

/// Lets time pass until the first heartbeat, which comes within an interval; gives when it came.
async fn first_beat(play: &Play, connection: &mut Connection, d: impl Into<Json>) -> Duration {
    let (mut passed, beat) = (Duration::ZERO, beat(d));
    loop {
        play.clock.pass(STEP).await;
        passed += STEP;
        let sent = so_far(connection).await;
        if !sent.is_empty() {
            assert_eq!(sent, [beat]);
            return passed;
        }
        assert!(passed <= INTERVAL, "no heartbeat in {passed:?}");
    }
}

/// The next heartbeat comes an interval after the one before, neither sooner nor later.
async fn next_beat(play: &Play, connection: &mut Connection, d: impl Into<Json>) {
    play.clock.pass(INTERVAL.saturating_sub(STEP * 2)).await;
    assert_eq!(so_far(connection).await, [] as [Json; 0]);
    play.clock.pass(STEP * 2).await;
    assert_eq!(so_far(connection).await, [beat(d)]);
}

#[tokio::test(start_paused = true)]
async fn case_a1_identify_follows_hello_at_once_and_a_heartbeat_does_not() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    assert!(!connection.to_resume_url());
    let agent = connection.header("user-agent").unwrap_or_default();
    assert!(agent.starts_with("DiscordBot ("), "{agent}");
    assert_eq!(connection.header("authorization"), None);
    connection.hello(INTERVAL).await;
    let identify = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(identify["op"], 2);
    let d = identify["d"].as_object().unwrap();
    assert_eq!(d["token"], play.sandbox.token());
    assert!(d["intents"].is_u64(), "{identify}");
    let properties = d["properties"].as_object().unwrap();
    let names: Vec<_> = properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["browser", "device", "os"]);
    assert_eq!(so_far(&mut connection).await, [] as [Json; 0]);
    first_beat(&play, &mut connection, Json::Null).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a2_heartbeats_come_each_interval_without_drift() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    first_beat(&play, &mut connection, 1).await;
    for _ in 0..8 {
        next_beat(&play, &mut connection, 1).await;
    }
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a3_without_an_event_the_heartbeat_carries_null() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    first_beat(&play, &mut connection, Json::Null).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a4_a_heartbeat_carries_the_newest_number() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    for s in [2, 3] {
        connection.event(s).await;
    }
    play.record.has(3).await;
    first_beat(&play, &mut connection, 3).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a5_a_heartbeat_that_discord_asks_for_comes_at_once_and_on_top() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    first_beat(&play, &mut connection, 1).await;
    play.clock.pass(INTERVAL / 2).await;
    connection.send(json!({ "op": 1, "d": null })).await;
    assert_eq!(connection.payload(TIMEOUT).await, Some(beat(1)));
    play.clock
        .pass((INTERVAL / 2).saturating_sub(STEP * 2))
        .await;
    assert_eq!(so_far(&mut connection).await, [] as [Json; 0]);
    play.clock.pass(STEP * 2).await;
    assert_eq!(so_far(&mut connection).await, [beat(1)]);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a6_an_acknowledgement_needs_no_other_field() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.ready("sid", 1).await;
    first_beat(&play, &mut connection, 1).await;
    for _ in 0..3 {
        connection.send_text(r#"{"op":11}"#).await;
        next_beat(&play, &mut connection, 1).await;
    }
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a7_a_late_ready_is_waited_for_with_heartbeats() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    first_beat(&play, &mut connection, Json::Null).await;
    for _ in 0..4 {
        next_beat(&play, &mut connection, Json::Null).await;
    }
    connection.ready("sid", 1).await;
    play.record.has(1).await;
    play.clock.pass(INTERVAL).await;
    assert_eq!(so_far(&mut connection).await, [beat(1)]);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a7_without_ready_for_a_minute_the_connection_is_left_and_a_session_started() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    acknowledges_for(&play, &mut connection, 59).await;
    play.clock.pass(SECOND).await;
    is_left(connection).await;
    let lines = play
        .log
        .lines("has not answered IDENTIFY with READY for 1 min");
    assert_eq!(lines.len(), 1);
    play.pause(IDENTIFY_WINDOW).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a8_guilds_that_are_unavailable_are_handed_over_as_they_came() {
    let mut play = Play::begin().await;
    let mut connection = play.identifying(INTERVAL).await;
    let guilds = ["1", "2", "3"].map(|id| json!({ "id": id, "unavailable": true }));
    let ready = json!({
        "user": { "id": "9" }, "session_id": "sid", "guilds": guilds,
        "resume_gateway_url": play.sandbox.resume_gateway_url(),
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
    play.record.has(4).await;
    let got = play.record.all().into_iter().filter(|got| got["op"] == 0);
    let got: Vec<_> = got
        .map(|got| (got["t"].clone(), got["d"].clone()))
        .collect();
    assert_eq!(got, sent.map(|(t, d)| (json!(t), d)));
    play.close(connection).await;
}

/// Handlers get this very text, and the bot lives on.
async fn is_handed_over(text: &str) {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    connection.send_text(text).await;
    connection.event(60).await;
    play.record.has(60).await;
    let sent: Json = serde_json::from_str(text).unwrap();
    assert!(play.record.all().contains(&sent), "{:?}", play.record.all());
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a9_an_event_from_the_future_is_handed_over() {
    is_handed_over(r#"{"t":"FIXTURE_EVENT_FROM_THE_FUTURE","s":50,"op":0,"d":{}}"#).await;
}

#[tokio::test(start_paused = true)]
async fn case_a10_an_opcode_from_the_future_is_handed_over() {
    is_handed_over(r#"{"op":99,"d":{}}"#).await;
}

#[tokio::test(start_paused = true)]
async fn case_a11_whatever_d_is_it_is_handed_over() {
    for d in ["null", "[1,null]", r#""text""#] {
        is_handed_over(&format!(r#"{{"op":0,"t":"X","s":50,"d":{d}}}"#)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_a13_a_slow_handler_delays_no_heartbeat() {
    let handlers = Handlers::new().on("SLOW", |_, _| tokio::time::sleep(INTERVAL * 9));
    let mut play = Play::begin_with(handlers, |builder| builder).await;
    let mut connection = play.identifying(INTERVAL).await;
    connection.answer_heartbeats(true);
    connection.ready("sid", 1).await;
    connection.dispatch("SLOW", 2, json!({})).await;
    play.record.has(2).await;
    first_beat(&play, &mut connection, 2).await;
    for s in 3..7 {
        connection.event(s).await;
        play.record.has(s).await;
        next_beat(&play, &mut connection, s).await;
    }
    // The bot's end would wait for the handler.
    play.clock.pass(INTERVAL * 9).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a14_a_panicking_handler_keeps_nobody_from_an_event() {
    let handlers = Handlers::new().on("TEST_EVENT", |_: SmallD, payload: Payload| async move {
        assert_ne!(payload.s(), Some(50), "on purpose");
    });
    let mut play = Play::begin_with(handlers, |builder| builder).await;
    let mut connection = play.live().await;
    connection.event(50).await;
    connection.event(51).await;
    play.record.has(51).await;
    let numbers: Vec<_> = play
        .record
        .dispatches()
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(numbers, [1, 42, 50, 51]);
    assert!(
        play.log.text().contains("on purpose"),
        "{}",
        play.log.text()
    );
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a15_an_event_of_40_mib_is_delivered() {
    const SIZE: usize = 40 << 20;
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    let padding = "x".repeat(SIZE);
    let text = format!(r#"{{"op":0,"t":"GUILD_CREATE","s":50,"d":{{"id":"1","x":"{padding}"}}}}"#);
    connection.send_text(text).await;
    let got = play.record.has(50).await;
    assert_eq!(got["d"]["x"].as_str().map(str::len), Some(SIZE));
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a16_an_event_that_comes_twice_is_handed_over_twice() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    for s in [50, 50, 51] {
        connection.event(s).await;
    }
    play.record.has(51).await;
    let numbers: Vec<_> = play
        .record
        .dispatches()
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(numbers, [1, 42, 50, 50, 51]);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_a17_a_gap_is_one_line_in_the_log() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    for s in [43, 46, 47] {
        connection.event(s).await;
    }
    play.record.has(47).await;
    let lines = play.log.lines("missing");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].contains("44") && lines[1].contains("45"),
        "{lines:?}"
    );
    assert!(play.is_alone());
    connection.cut();
    let connection = play.resuming(47).await;
    play.close(connection).await;
}
