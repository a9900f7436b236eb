//! E: frames that are not as they should be, and WebSocket's own.

use smalld::{Json, json};
use smalld_sandbox::Received;

use crate::play::{CALM, Play, is_left};
use crate::support::TIMEOUT;

/// Each of these texts makes the bot leave and resume from the last good number.
async fn is_left_and_resumed(texts: &[&str]) {
    for text in texts {
        let mut play = Play::begin().await;
        let mut connection = play.live().await;
        connection.send_text(text).await;
        is_left(connection).await;
        assert_eq!(play.log.lines("malformed payload").len(), 1, "{text}");
        let connection = play.resumes().await;
        play.close(connection).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_e1_text_that_is_no_json_is_left_and_resumed() {
    is_left_and_resumed(&[r#"{"op":0,"t":"X","s":5,"#, "", "\u{fffd}"]).await;
}

#[tokio::test(start_paused = true)]
async fn case_e2_json_that_is_no_object_is_left_and_resumed() {
    is_left_and_resumed(&["[]", "42", r#""x""#, "null"]).await;
}

#[tokio::test(start_paused = true)]
async fn case_e3_an_object_without_an_opcode_is_left_and_resumed() {
    is_left_and_resumed(&[r#"{"d":1}"#, r#"{"op":"0"}"#, r#"{"op":null}"#]).await;
}

#[tokio::test(start_paused = true)]
async fn case_e4_a_dispatch_without_name_and_number_is_handed_over() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    connection.send_text(r#"{"op":0,"d":{"odd":1}}"#).await;
    play.record.wait(|payload| payload["d"]["odd"] == 1).await;
    assert!(play.is_alone());
    connection.cut();
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e5_a_number_beyond_53_bits_is_resumed_from_to_the_last_digit() {
    const LARGE: u64 = 9_007_199_254_740_993;
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    connection.event(LARGE).await;
    play.record.has(LARGE).await;
    connection.cut();
    let connection = play.resuming(LARGE).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e6_text_that_is_not_utf_8_is_dropped_and_resumed() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    // A whole text frame of two bytes.
    connection.send_bytes([0x81, 0x02, 0xc3, 0x28]).await;
    loop {
        match connection.receive(TIMEOUT).await {
            Received::Close(code) => assert!(matches!(code, Some(1007 | 3000..=4999)), "{code:?}"),
            other => break assert_eq!(other, Received::Gone),
        }
    }
    let connection = play.resumes().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e15_a_ping_is_answered_with_its_own_bytes() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    for bytes in [&b""[..], b"are you there?", &[0, 255, 128]] {
        connection.ping(bytes).await;
        let pong = Received::Pong(bytes.to_vec());
        assert_eq!(connection.receive(TIMEOUT).await, pong);
    }
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e16_a_message_in_several_frames_is_one() {
    let mut play = Play::begin().await;
    let mut connection = play.live().await;
    let pieces = [r#"{"op":0,"t":"X","#, r#""s":50,"d":{"te"#, r#"xt":"é"}}"#];
    connection.send_pieces(pieces).await;
    let whole: Json = serde_json::from_str(&pieces.concat()).unwrap();
    assert_eq!(play.record.has(50).await, whole);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_as_a_float_is_taken() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    connection
        .send_text(r#"{"op":10,"d":{"heartbeat_interval":41250.0}}"#)
        .await;
    assert_eq!(connection.payload(TIMEOUT).await.unwrap()["op"], 2);
    connection.ready("sid", 1).await;
    play.record.has(1).await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn an_unusable_hello_or_ready_names_the_field_in_a_warning() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    connection.send_text(r#"{"op":10,"d":{}}"#).await;
    is_left(connection).await;
    let lines = play
        .log
        .lines("unusable HELLO: `heartbeat_interval` is missing");
    assert!(lines.len() == 1 && lines[0].contains("WARN"), "{lines:?}");

    let mut connection = play.identifying(CALM).await;
    let d = json!({ "user": {}, "session_id": "sid" });
    connection.dispatch("READY", 1, d).await;
    is_left(connection).await;
    let lines = play
        .log
        .lines("unusable READY: missing field `resume_gateway_url`");
    assert!(lines.len() == 1 && lines[0].contains("WARN"), "{lines:?}");
}
