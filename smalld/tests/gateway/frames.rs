//! E: malformed frames, and frames of WebSocket itself.

use smalld::handler::Handlers;
use smalld::{Json, json};
use smalld_sandbox::Received;

use crate::support::TIMEOUT;
use crate::test_bot::{HEARTBEAT_INTERVAL, TestBot, bot_leaves};

/// Checks that after each of these payloads the bot closes the connection and resumes from the last
/// good number.
async fn is_closed_and_resumed(payloads: &[&str]) {
    for payload in payloads {
        let mut test = TestBot::start().await;
        let mut connection = test.ready().await;
        connection.send_text(payload).await;
        bot_leaves(connection).await;
        assert_eq!(test.log.lines("malformed payload").len(), 1, "{payload}");
        let connection = test.resumes().await;
        test.close(connection).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_e1_after_text_that_is_not_json_the_session_is_resumed() {
    is_closed_and_resumed(&[r#"{"op":0,"t":"X","s":5,"#, "", "\u{fffd}"]).await;
}

/// An event that begins and ends as Discord writes it, and whose `d` is malformed.
const MALFORMED_D: &str = r#"{"t":"X","s":5,"op":0,"d":{"a":1 "b":2}}"#;

mod readers {
    #[smalld::on("X")]
    #[expect(clippy::unused_async, reason = "it is read where the event is read")]
    async fn reads(_: smalld::Json) {}
}

mod filters {
    #[smalld::on("X", "/b" = 2)]
    #[expect(clippy::unused_async, reason = "it is never called")]
    async fn filters() {}
}

#[tokio::test(start_paused = true)]
async fn case_e1_after_a_malformed_d_is_read_the_session_is_resumed() {
    for (module, why) in [
        ("readers", "X: not a JSON object"),
        ("filters", "X: `d` is not JSON (at byte 7 of it)"),
    ] {
        let handlers = Handlers::registered().within(&format!("{}::{module}", module_path!()));
        let mut test = TestBot::start_with(handlers, |builder| builder).await;
        let mut connection = test.ready().await;
        connection.send_text(MALFORMED_D).await;
        bot_leaves(connection).await;
        let lines = test.log.lines(&format!("malformed payload: {why}"));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(test.log.lines("failed on").len(), 0);
        let connection = test.resumes().await;
        test.close(connection).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_e1_a_malformed_d_that_is_not_read_does_no_harm() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send_text(MALFORMED_D).await;
    connection.event(50).await;
    test.record.wait_for(50).await;
    assert!(test.has_no_other_connection());
    assert_eq!(test.log.lines("malformed payload").len(), 0);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e2_after_json_that_is_not_an_object_the_session_is_resumed() {
    is_closed_and_resumed(&["[]", "42", r#""x""#, "null"]).await;
}

#[tokio::test(start_paused = true)]
async fn case_e3_after_an_object_without_an_opcode_the_session_is_resumed() {
    is_closed_and_resumed(&[r#"{"d":1}"#, r#"{"op":"0"}"#, r#"{"op":null}"#]).await;
}

#[tokio::test(start_paused = true)]
async fn case_e4_a_dispatch_without_name_and_number_is_delivered() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send_text(r#"{"op":0,"d":{"odd":1}}"#).await;
    test.record.wait(|payload| payload["d"]["odd"] == 1).await;
    assert!(test.has_no_other_connection());
    connection.cut();
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e5_a_resume_carries_all_digits_of_a_number_beyond_53_bits() {
    const LARGE: u64 = 9_007_199_254_740_993;
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.event(LARGE).await;
    test.record.wait_for(LARGE).await;
    connection.cut();
    let connection = test.resuming(LARGE).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e6_after_text_that_is_not_utf_8_the_session_is_resumed() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    // A whole text frame of two bytes.
    connection.send_bytes([0x81, 0x02, 0xc3, 0x28]).await;
    loop {
        match connection.receive(TIMEOUT).await {
            Received::Close(code) => assert!(matches!(code, Some(1007 | 3000..=4999)), "{code:?}"),
            other => break assert_eq!(other, Received::Gone),
        }
    }
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e15_a_ping_is_answered_with_its_own_bytes() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    for bytes in [&b""[..], b"are you there?", &[0, 255, 128]] {
        connection.ping(bytes).await;
        let pong = Received::Pong(bytes.to_vec());
        assert_eq!(connection.receive(TIMEOUT).await, pong);
    }
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_e16_a_message_in_several_frames_is_one() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let pieces = [r#"{"op":0,"t":"X","#, r#""s":50,"d":{"te"#, r#"xt":"é"}}"#];
    connection.send_pieces(pieces).await;
    let whole: Json = serde_json::from_str(&pieces.concat()).unwrap();
    assert_eq!(test.record.wait_for(50).await, whole);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_float_interval_is_accepted() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    connection
        .send_text(r#"{"op":10,"d":{"heartbeat_interval":41250.0}}"#)
        .await;
    assert_eq!(connection.payload(TIMEOUT).await.unwrap()["op"], 2);
    connection.ready("sid", 1).await;
    test.record.wait_for(1).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn an_unusable_hello_or_ready_names_the_field_in_a_warning() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    connection.send_text(r#"{"op":10,"d":{}}"#).await;
    bot_leaves(connection).await;
    let lines = test
        .log
        .lines("unusable HELLO: `heartbeat_interval` is missing");
    assert!(lines.len() == 1 && lines[0].contains("WARN"), "{lines:?}");

    let mut connection = test.identifying(HEARTBEAT_INTERVAL).await;
    let d = json!({ "user": {}, "session_id": "sid" });
    connection.dispatch("READY", 1, d).await;
    bot_leaves(connection).await;
    let lines = test
        .log
        .lines("unusable READY: missing field `resume_gateway_url`");
    assert!(lines.len() == 1 && lines[0].contains("WARN"), "{lines:?}");
}
