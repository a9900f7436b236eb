//! B: how Discord closes connections, and what comes next. No time passes but where a test lets it: what
//! comes next comes at once.

use std::time::Duration;

use smalld::error::GatewayError;
use smalld::{Error, Intents, Json, json};

use crate::play::{CALM, IDENTIFY_WINDOW, Play, is_left, so_far};
use crate::support::TIMEOUT;

const SECOND: Duration = Duration::from_secs(1);

/// Discord closes so, and the session is resumed at once.
async fn is_resumed_after(code: impl Into<Option<u16>>) {
    let mut play = Play::begin().await;
    play.live().await.close(code).await;
    let connection = play.resumes().await;
    play.close(connection).await;
}

/// Discord closes so, and a session is begun anew as soon as the one before was long enough ago.
async fn is_begun_anew_after(code: u16) {
    let mut play = Play::begin().await;
    play.live().await.close(code).await;
    play.pause(IDENTIFY_WINDOW).await;
    let mut connection = play.begins_anew().await;
    // The old session is never heard of again.
    connection.send(json!({ "op": 7, "d": null })).await;
    is_left(connection).await;
    let mut connection = play.connection().await;
    connection.hello(CALM).await;
    let resume = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(resume["d"]["session_id"], "another");
    play.close(connection).await;
}

/// Discord closes so in answer to IDENTIFY, and `run` ends with this.
async fn ends_after(code: u16, intents: Intents) -> GatewayError {
    let options = |builder: smalld::Builder| builder.intents(intents);
    let mut play = Play::begin_with(smalld::handler::Handlers::new(), options).await;
    play.identifying(CALM).await.close(code).await;
    let Err(Error::Gateway(error)) = play.ended().await else {
        panic!("not ended by the gateway")
    };
    play.clock.pass(CALM * 10).await;
    assert!(play.is_alone());
    assert_eq!(error.close_code, Some(code));
    let shown = format!("{error} {error:?}");
    for part in play.sandbox.token().split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
    error
}

#[tokio::test(start_paused = true)]
async fn case_b1_an_end_without_a_close_frame_is_resumed_at_once() {
    let mut play = Play::begin().await;
    play.live().await.cut();
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b1_a_reset_is_resumed_at_once() {
    let mut play = Play::begin().await;
    play.live().await.reset();
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b2_a_close_frame_without_a_status_is_resumed() {
    is_resumed_after(None).await;
}

#[tokio::test(start_paused = true)]
async fn case_b3_4000_is_resumed() {
    is_resumed_after(4000).await;
}

/// The payload arrives, Discord closes so because of it, and it is not sent again.
async fn is_not_sent_again(payload: Json, code: u16) {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    play.bot.send_gateway_payload(&payload).await.unwrap();
    assert_eq!(connection.payload(TIMEOUT).await, Some(payload));
    connection.close(code).await;
    // Which sees that nothing but RESUME comes.
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b4_a_payload_that_ends_in_4001_is_not_sent_again() {
    is_not_sent_again(json!({ "op": 55, "d": null }), 4001).await;
}

#[tokio::test(start_paused = true)]
async fn case_b5_a_payload_that_ends_in_4002_is_not_sent_again() {
    is_not_sent_again(json!({ "op": 3, "d": "x".repeat(4000) }), 4002).await;
}

#[tokio::test(start_paused = true)]
async fn case_b6_4003_is_begun_anew() {
    is_begun_anew_after(4003).await;
}

#[tokio::test(start_paused = true)]
async fn case_b7_4004_ends_the_bot_without_a_word_of_the_token() {
    let error = ends_after(4004, Intents::GUILDS).await.to_string();
    assert!(error.contains("authentication failed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b8_4005_is_resumed() {
    is_resumed_after(4005).await;
}

#[tokio::test(start_paused = true)]
async fn case_b9_4007_in_answer_to_a_resume_is_begun_anew() {
    let mut play = Play::begin().await;
    play.live().await.cut();
    play.resuming(42).await.close(4007).await;
    play.pause(IDENTIFY_WINDOW).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b10_4008_is_resumed_after_five_seconds() {
    let mut play = Play::begin().await;
    play.live().await.close(4008).await;
    play.pause(SECOND * 49 / 10).await;
    assert!(play.is_alone());
    play.pause(SECOND / 5).await;
    let mut connection = play.resumes().await;
    let payload = json!({ "op": 43, "d": {} });
    let mut sent = 0;
    while play.bot.send_gateway_payload(&payload).await.is_ok() {
        sent += 1;
    }
    assert_eq!(so_far(&mut connection).await.len(), sent);
    assert!((110..=117).contains(&sent), "{sent}");
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b11_4009_is_begun_anew() {
    is_begun_anew_after(4009).await;
}

#[tokio::test(start_paused = true)]
async fn case_b12_4010_ends_the_bot_and_names_the_shard() {
    let error = ends_after(4010, Intents::GUILDS).await;
    assert_eq!(error.shard, Some((0, 1)));
    assert!(error.to_string().contains("shard (0, 1)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b13_4011_ends_the_bot() {
    let error = ends_after(4011, Intents::GUILDS).await.to_string();
    assert!(error.contains("sharding required"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b14_4012_ends_the_bot() {
    let error = ends_after(4012, Intents::GUILDS).await.to_string();
    assert!(error.contains("invalid API version"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b15_4013_ends_the_bot_and_shows_the_number_of_the_intents() {
    let intents = Intents::GUILDS | Intents::from_bits_retain(1 << 40);
    let error = ends_after(4013, intents).await.to_string();
    assert!(error.contains("1099511627777"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b16_4014_ends_the_bot_and_names_intents_and_switch() {
    let error = ends_after(4014, Intents::GUILDS | Intents::MESSAGE_CONTENT).await;
    let error = error.to_string();
    assert!(error.contains("MESSAGE_CONTENT"), "{error}");
    assert!(error.contains("discord.com/developers"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b17_1000_is_resumed_and_begun_anew_only_if_refused() {
    let mut play = Play::begin().await;
    play.live().await.close(1000).await;
    let mut connection = play.resuming(42).await;
    connection.send(json!({ "op": 9, "d": false })).await;
    is_left(connection).await;
    play.pause(IDENTIFY_WINDOW).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b18_1001_is_resumed() {
    is_resumed_after(1001).await;
}

#[tokio::test(start_paused = true)]
async fn case_b19_a_code_from_the_future_is_resumed_and_not_in_a_tight_loop() {
    let mut play = Play::begin().await;
    play.live().await.close(4099).await;
    for seconds in [0, 2, 4, 8] {
        play.pause(SECOND * seconds).await;
        play.resuming(42).await.close(4099).await;
    }
    play.pause(SECOND * 16).await;
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b20_a_close_before_ready_waits_for_the_next_window() {
    let mut play = Play::begin().await;
    play.identifying(CALM).await.close(4000).await;
    play.pause(SECOND * 5).await;
    assert!(play.is_alone());
    play.pause(SECOND / 2).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}
