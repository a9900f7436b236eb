//! Scripts: the test serves a connection frame by frame, and a raw client checks what arrives.

use std::io;
use std::time::Duration;

use crate::common::{Gateway, Received as Got, TIMEOUT, general_url, identify, upgraded};
use serde_json::{Value, json};
use smalld_sandbox::{Connection, Happening, Received, Refusal, Sandbox, Script};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

const SHORT_WAIT: Duration = Duration::from_millis(20);

/// A sandbox, its script, and both ends of one connection.
async fn connected() -> (Sandbox, Script, Gateway, Connection) {
    let sandbox = Sandbox::start().await.expect("started");
    let mut script = sandbox.script();
    let gateway = Gateway::connect(&general_url(&sandbox)).await;
    let connection = script.connection(TIMEOUT).await.expect("a connection");
    (sandbox, script, gateway, connection)
}

/// The status with which an upgrade was refused, and its `Retry-After`; none without an answer.
async fn refused(url: &str) -> Option<(u16, Option<String>)> {
    match connect_async(format!("{url}/?v=10&encoding=json")).await {
        Err(Error::Http(response)) => {
            let retry_after = response.headers().get("retry-after");
            let retry_after = retry_after.map(|value| value.to_str().expect("text").to_owned());
            Some((response.status().as_u16(), retry_after))
        }
        Err(_) => None,
        Ok(_) => panic!("the upgrade was not refused"),
    }
}

#[tokio::test]
async fn a_script_sees_what_the_bot_asks_for_and_where() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut script = sandbox.script();
    assert!(script.connection(Duration::ZERO).await.is_none());
    let (_general, _) = connect_async(format!("{}/?v=9&compress=any", sandbox.gateway_url()))
        .await
        .expect("any version and compression");
    let connection = script.connection(TIMEOUT).await.expect("a connection");
    assert_eq!(
        (connection.target(), connection.to_resume_url()),
        ("/?v=9&compress=any", false)
    );
    assert_eq!(connection.header("Upgrade"), Some("websocket"));
    assert_eq!(connection.header("user-agent"), None);
    let _resume = Gateway::connect(sandbox.resume_gateway_url()).await;
    let connection = script.connection(TIMEOUT).await.expect("a connection");
    assert_eq!(
        (connection.target(), connection.to_resume_url()),
        ("/?v=10&encoding=json", true)
    );
    assert_eq!(
        (sandbox.connections(), sandbox.connections_to_resume_url()),
        (2, 1)
    );
    assert_eq!(sandbox.connected(), 0);
}

#[tokio::test]
async fn only_the_script_sends() {
    let (sandbox, _script, mut gateway, mut connection) = connected().await;
    gateway.send(&identify(sandbox.token(), 0)).await;
    let identify = connection.payload(TIMEOUT).await.expect("IDENTIFY");
    assert_eq!(identify["d"]["token"], sandbox.token());
    sandbox.say("nobody hears this");
    assert!(connection.send(json!({ "op": 99, "x": 1 })).await);
    assert_eq!(gateway.payload().await, json!({ "op": 99, "x": 1 }));
    assert!(sandbox.gateway_payloads().is_empty() && sandbox.identifies() == 0);
}

#[tokio::test]
async fn the_short_forms_are_what_discord_sends() {
    let (sandbox, _script, mut gateway, mut connection) = connected().await;
    connection.hello(Duration::from_millis(1500)).await;
    let hello = gateway.payload().await;
    assert_eq!(
        (&hello["op"], &hello["d"]["heartbeat_interval"]),
        (&json!(10), &json!(1500))
    );
    connection.ready("sid", 1).await;
    let ready = gateway.dispatch("READY").await;
    assert_eq!(
        (&ready["s"], &ready["d"]["session_id"]),
        (&json!(1), &json!("sid"))
    );
    assert_eq!(
        ready["d"]["resume_gateway_url"],
        sandbox.resume_gateway_url()
    );
    assert_eq!(ready["d"]["user"]["id"], sandbox.bot_id());
    connection.event(7).await;
    assert_eq!(gateway.dispatch("TEST_EVENT").await["s"], 7);
    connection.dispatch("ANY", 8, json!([1])).await;
    assert_eq!(gateway.dispatch("ANY").await["d"], json!([1]));
    connection.resumed(9).await;
    assert_eq!(gateway.dispatch("RESUMED").await["s"], 9);
    connection.ack().await;
    assert_eq!(gateway.payload().await["op"], 11);
}

#[tokio::test]
async fn messages_of_every_kind_arrive_as_they_were_sent() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    let mut next = async || gateway.message().await.expect("a message").expect("whole");
    connection.send_text("{ garbage").await;
    assert_eq!(next().await, Message::text("{ garbage"));
    connection.send_binary([0x7b, 0x7d]).await;
    assert_eq!(next().await, Message::binary([0x7b, 0x7d].as_slice()));
    connection.ping(b"there?").await;
    assert_eq!(next().await, Message::Ping(b"there?".as_slice().into()));
    connection.send_pieces(["{\"op\":", "1", "1}"]).await;
    assert_eq!(next().await, Message::text(r#"{"op":11}"#));
    // A whole text frame, byte by byte.
    for byte in [0x81, 2, b'h', b'i'] {
        connection.send_bytes([byte]).await;
    }
    assert_eq!(next().await, Message::text("hi"));
    assert_eq!(
        connection.receive(TIMEOUT).await,
        Received::Pong(b"there?".to_vec())
    );
}

#[tokio::test]
async fn raw_bytes_need_not_be_utf8() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    connection.send_bytes([0x81, 1, 0xff]).await;
    let got = gateway.message().await.expect("something");
    assert!(matches!(got, Err(Error::Utf8(_))), "{got:?}");
}

#[tokio::test]
async fn several_pieces_are_several_frames() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut script = sandbox.script();
    let mut raw = upgraded(&sandbox).await;
    let mut connection = script.connection(TIMEOUT).await.expect("a connection");
    connection.send_pieces(["ab", "c", ""]).await;
    let mut frames = [0; 9];
    raw.read_exact(&mut frames).await.expect("three frames");
    assert_eq!(frames, [0x01, 2, b'a', b'b', 0x00, 1, b'c', 0x80, 0]);
}

#[tokio::test]
async fn everything_that_the_bot_sends_is_received() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    gateway.send_text("no json").await;
    gateway.send_message(Message::binary([1].as_slice())).await;
    gateway
        .send_message(Message::Ping(b"p".as_slice().into()))
        .await;
    gateway.send(&json!({ "op": 3, "d": {} })).await;
    gateway.close(4900).await;
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(connection.receive(TIMEOUT).await);
    }
    let expected = [
        Received::Text("no json".to_owned()),
        Received::Binary(vec![1]),
        Received::Ping(b"p".to_vec()),
        Received::Payload(json!({ "op": 3, "d": {} })),
        Received::Close(Some(4900)),
        Received::Gone,
    ];
    assert_eq!(told, expected);
    assert!(!connection.send(Value::Null).await);
}

#[tokio::test]
async fn a_timeout_is_nothing_and_a_paused_clock_does_not_wait() {
    let (_sandbox, mut script, _gateway, mut connection) = connected().await;
    let day = Duration::from_secs(86_400);
    tokio::time::pause();
    assert_eq!(connection.receive(day).await, Received::Nothing);
    assert_eq!(connection.payload(day).await, None);
    assert_eq!(connection.payload_of(2, day).await, None);
    assert!(script.connection(day).await.is_none());
}

#[tokio::test]
async fn heartbeats_are_answered_and_skipped_if_wanted() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    let beat = json!({ "op": 1, "d": null });
    gateway.send(&beat).await;
    assert_eq!(connection.payload(TIMEOUT).await, Some(beat.clone()));
    connection.answer_heartbeats(true);
    gateway.send(&beat).await;
    gateway.send(&json!({ "op": 3, "d": {} })).await;
    let presence = connection.payload_of(3, TIMEOUT).await;
    assert_eq!(presence, Some(json!({ "op": 3, "d": {} })));
    connection.event(1).await;
    assert_eq!(gateway.payload().await["op"], 11);
    gateway.dispatch("TEST_EVENT").await;
}

#[tokio::test]
async fn closing_says_the_code_and_waits_until_the_bot_is_gone() {
    for code in [Some(4000), None] {
        let (_sandbox, _script, mut gateway, connection) = connected().await;
        let bot = tokio::spawn(async move {
            let closed = gateway.message().await.expect("a frame").expect("whole");
            assert!(gateway.message().await.is_none());
            closed
        });
        connection.close(code).await;
        let Message::Close(frame) = bot.await.expect("no panic") else {
            panic!("no close frame")
        };
        assert_eq!(frame.map(|frame| frame.code.into()), code);
    }
}

#[tokio::test]
async fn after_a_close_frame_the_bots_own_is_received() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    connection.send_close(4009).await;
    assert!(matches!(gateway.receive().await, Got::Closed(Some(4009))));
    // tungstenite answers on the next receive.
    tokio::join!(gateway.message(), async {
        assert_eq!(
            connection.receive(TIMEOUT).await,
            Received::Close(Some(4009))
        );
        connection.cut();
    });
}

#[tokio::test]
async fn a_cut_is_an_end_and_a_reset_is_an_error() {
    let (_sandbox, _script, mut gateway, mut connection) = connected().await;
    connection.event(5).await;
    connection.cut();
    assert_eq!(gateway.dispatch("TEST_EVENT").await["s"], 5);
    assert_eq!(gateway.closed().await, None);
    let (_sandbox, _script, mut gateway, connection) = connected().await;
    connection.reset();
    let end = gateway.message().await.expect("an error");
    assert!(
        matches!(&end, Err(Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    );
}

#[tokio::test]
async fn a_silent_connection_stays_open_until_the_script_ends() {
    let (_sandbox, script, mut gateway, connection) = connected().await;
    connection.keep_silent();
    gateway
        .send_message(Message::Ping(b"p".as_slice().into()))
        .await;
    let silence = tokio::time::timeout(SHORT_WAIT, gateway.message()).await;
    assert!(silence.is_err(), "{silence:?}");
    drop(script);
    assert_eq!(gateway.closed().await, None);
}

#[tokio::test]
async fn a_silent_connection_ends_with_the_sandbox() {
    let (sandbox, _script, mut gateway, connection) = connected().await;
    connection.keep_silent();
    drop(sandbox);
    assert_eq!(gateway.closed().await, None);
}

#[tokio::test]
async fn after_a_script_the_sandbox_serves_connections_again() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut before, _) = Gateway::ready(&sandbox, 0).await;
    let script = sandbox.script();
    let mut nobodys = Gateway::connect(&general_url(&sandbox)).await;
    assert!(
        sandbox
            .wait_until(|sandbox| sandbox.connections() == 2, TIMEOUT)
            .await
    );
    drop(script);
    assert_eq!(nobodys.closed().await, None);
    Gateway::greeted(&sandbox).await;
    before.send(&json!({ "op": 1, "d": 1 })).await;
    assert_eq!(before.payload().await["op"], 11);
}

#[tokio::test]
async fn a_newer_script_replaces_an_older_one() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut older, mut newer) = (sandbox.script(), sandbox.script());
    let _gateway = Gateway::connect(&general_url(&sandbox)).await;
    assert!(newer.connection(TIMEOUT).await.is_some());
    assert!(older.connection(TIMEOUT).await.is_none());
    drop(older);
    let _gateway = Gateway::connect(&general_url(&sandbox)).await;
    assert!(newer.connection(TIMEOUT).await.is_some());
}

#[tokio::test]
async fn refusals_come_before_the_script() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut happenings = sandbox.subscribe();
    let mut script = sandbox.script();
    script.refuse(Refusal::status(503), 2);
    script.refuse(Refusal::too_many(Duration::from_millis(29_500)), 1);
    script.refuse(Refusal::dropped(), 1);
    let url = general_url(&sandbox);
    assert_eq!(refused(&url).await, Some((503, None)));
    assert_eq!(refused(&url).await, Some((503, None)));
    assert_eq!(refused(&url).await, Some((429, Some("30".to_owned()))));
    assert_eq!(refused(&url).await, None);
    let _gateway = Gateway::connect(&url).await;
    assert!(script.connection(TIMEOUT).await.is_some());
    assert_eq!(
        (sandbox.refused_connections(), sandbox.connections()),
        (4, 1)
    );
    let told = happenings.next().await;
    let status = Some(503);
    assert!(
        matches!(told, Some(Happening::ConnectionRefused { status: s, .. }) if s == status),
        "{told:?}"
    );
}

#[tokio::test]
async fn refusals_apply_to_their_url_and_not_to_rest() {
    let sandbox = Sandbox::start().await.expect("started");
    sandbox.refuse_connections(Refusal::status(500).at_resume_url(), 1);
    Gateway::greeted(&sandbox).await;
    let me = crate::common::Rest::new(&sandbox).get("/users/@me").await;
    assert_eq!(me.status, 200);
    let resume = sandbox.resume_gateway_url();
    assert_eq!(refused(resume).await, Some((500, None)));
    Gateway::connect(resume).await.payload().await;
}
