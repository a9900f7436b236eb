//! B: how Discord closes connections, and what follows. Time passes only if a test advances the
//! clock, so everything else happens at once.

use std::time::Duration;

use smalld::error::GatewayError;
use smalld::{Error, Intents, Json, json};

use crate::support::TIMEOUT;
use crate::test_bot::{HEARTBEAT_INTERVAL, IDENTIFY_INTERVAL, TestBot, bot_leaves, sent_so_far};

const SECOND: Duration = Duration::from_secs(1);

/// Checks that a session is resumed at once after this close code.
async fn is_resumed_after(code: impl Into<Option<u16>>) {
    let mut test = TestBot::start().await;
    test.ready().await.close(code).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

/// Checks that after this close code a new session starts as soon as the IDENTIFY interval allows.
async fn starts_a_new_session_after(code: u16) {
    let mut test = TestBot::start().await;
    test.ready().await.close(code).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let mut connection = test.starts_new_session().await;
    // The old session is not used any more.
    connection.send(json!({ "op": 7, "d": null })).await;
    bot_leaves(connection).await;
    let mut connection = test.connection().await;
    connection.hello(HEARTBEAT_INTERVAL).await;
    let resume = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(resume["d"]["session_id"], "another");
    test.close(connection).await;
}

/// Checks that `run` returns an error with this text if Discord answers IDENTIFY with this close
/// code.
async fn ends_after(code: u16, intents: Intents) -> GatewayError {
    let options = |builder: smalld::Builder| builder.intents(intents);
    let mut test = TestBot::start_with(smalld::handler::Handlers::new(), options).await;
    test.identifying(HEARTBEAT_INTERVAL).await.close(code).await;
    let Err(Error::Gateway(error)) = test.ended().await else {
        panic!("not an error of the gateway")
    };
    test.advance(HEARTBEAT_INTERVAL * 10).await;
    assert!(test.has_no_other_connection());
    assert_eq!(error.close_code, Some(code));
    let shown = format!("{error} {error:?}");
    for part in test.sandbox.token().split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
    error
}

#[tokio::test(start_paused = true)]
async fn case_b1_an_end_without_a_close_frame_is_resumed_at_once() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b1_a_reset_is_resumed_at_once() {
    let mut test = TestBot::start().await;
    test.ready().await.reset();
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b2_a_close_frame_without_a_status_is_resumed() {
    is_resumed_after(None).await;
}

#[tokio::test(start_paused = true)]
async fn case_b3_4000_is_resumed() {
    is_resumed_after(4000).await;
}

/// Checks that a payload because of which Discord closes the connection is not sent again.
async fn is_not_sent_again(payload: Json, code: u16) {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    test.bot.send_gateway_payload(&payload).await.unwrap();
    assert_eq!(connection.payload(TIMEOUT).await, Some(payload));
    connection.close(code).await;
    // `resumes` checks that only RESUME is sent.
    let connection = test.resumes().await;
    test.close(connection).await;
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
async fn case_b6_4003_gets_a_new_session() {
    starts_a_new_session_after(4003).await;
}

#[tokio::test(start_paused = true)]
async fn case_b7_4004_ends_the_bot_without_showing_the_token() {
    let error = ends_after(4004, Intents::GUILDS).await.to_string();
    assert!(error.contains("authentication failed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b8_4005_is_resumed() {
    is_resumed_after(4005).await;
}

#[tokio::test(start_paused = true)]
async fn case_b9_4007_after_a_resume_gets_a_new_session() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    test.resuming(42).await.close(4007).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b10_4008_is_resumed_after_five_seconds() {
    let mut test = TestBot::start().await;
    test.ready().await.close(4008).await;
    test.pass_backoff(SECOND * 49 / 10).await;
    assert!(test.has_no_other_connection());
    test.pass_backoff(SECOND / 5).await;
    let mut connection = test.resumes().await;
    let payload = json!({ "op": 43, "d": {} });
    let mut sent = 0;
    while test.bot.send_gateway_payload(&payload).await.is_ok() {
        sent += 1;
    }
    assert_eq!(sent_so_far(&mut connection).await.len(), sent);
    assert!((110..=117).contains(&sent), "{sent}");
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b11_4009_gets_a_new_session() {
    starts_a_new_session_after(4009).await;
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
async fn case_b16_4014_ends_the_bot_and_says_which_intents_to_enable_and_where() {
    let error = ends_after(4014, Intents::GUILDS | Intents::MESSAGE_CONTENT).await;
    let error = error.to_string();
    assert!(error.contains("MESSAGE_CONTENT"), "{error}");
    assert!(error.contains("discord.com/developers"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_b17_1000_is_resumed_and_gets_a_new_session_only_if_refused() {
    let mut test = TestBot::start().await;
    test.ready().await.close(1000).await;
    let mut connection = test.resuming(42).await;
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b18_1001_is_resumed() {
    is_resumed_after(1001).await;
}

#[tokio::test(start_paused = true)]
async fn case_b19_an_unknown_code_is_resumed_but_not_in_a_tight_loop() {
    let mut test = TestBot::start().await;
    test.ready().await.close(4099).await;
    for seconds in [0, 2, 4, 8] {
        test.pass_backoff(SECOND * seconds).await;
        test.resuming(42).await.close(4099).await;
    }
    test.pass_backoff(SECOND * 16).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b20_a_close_before_ready_waits_for_the_next_window() {
    let mut test = TestBot::start().await;
    test.identifying(HEARTBEAT_INTERVAL).await.close(4000).await;
    test.pass_backoff(SECOND * 5).await;
    assert!(test.has_no_other_connection());
    test.pass_backoff(SECOND / 2).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}
