//! Faults, and what a bot sees of them.

use std::time::{Duration, Instant};

use crate::common::{
    ALL_INTENTS, Gateway, Received, TIMEOUT, identify, resume, upgraded, without_identify_limit,
};
use serde_json::{Value, json};
use smalld_sandbox::{Happening, Replay, Sandbox};
use tokio::io::AsyncReadExt;

const SHORT_WAIT: Duration = Duration::from_millis(20);

/// Resumes over a new connection. Returns it with RESUME sent.
async fn resumed(sandbox: &Sandbox, ready: &Value, seq: u64) -> Gateway {
    let mut gateway = Gateway::greeted(sandbox).await;
    let session = &ready["session_id"];
    gateway.send(&resume(sandbox.token(), session, seq)).await;
    gateway
}

/// Identifies as a shard of two. Returns the `d` of READY.
async fn as_shard(sandbox: &Sandbox, id: u64) -> (Gateway, Value) {
    let mut gateway = Gateway::greeted(sandbox).await;
    let mut payload = identify(sandbox.token(), 0);
    payload["d"]["shard"] = json!([id, 2]);
    gateway.send(&payload).await;
    let ready = gateway.dispatch("READY").await;
    (gateway, ready["d"].clone())
}

/// Advances tokio's clock.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Whether nothing at all comes within a moment.
async fn is_silent(gateway: &mut Gateway) -> bool {
    tokio::time::timeout(SHORT_WAIT, gateway.message())
        .await
        .is_err()
}

#[tokio::test]
async fn a_connection_that_hangs_is_open_and_dead() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    sandbox.hang();
    assert_eq!((sandbox.connected(), sandbox.connections()), (0, 1));
    sandbox.say("missed");
    sandbox.close(4000);
    gateway.send(&json!({ "op": 1, "d": 2 })).await;
    gateway.close(4900).await;
    assert!(is_silent(&mut gateway).await);
    let mut next = resumed(&sandbox, &ready, 2).await;
    assert_eq!(
        next.dispatch("MESSAGE_CREATE").await["d"]["content"],
        "missed"
    );
    next.dispatch("RESUMED").await;
    assert_eq!(sandbox.connected(), 1);
    // Only a cut ends it.
    sandbox.cut();
    assert_eq!(gateway.closed().await, None);
}

#[tokio::test]
async fn a_hanging_connection_ends_with_the_sandbox() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.hang();
    drop(sandbox);
    assert_eq!(gateway.closed().await, None);
}

#[tokio::test]
async fn a_session_outlives_a_connection_that_hangs_as_long_as_any_other() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, ready) = Gateway::ready(&sandbox, 0).await;
    sandbox.hang();
    // A full queue does not end the connection.
    for _ in 0..12_001 {
        sandbox.send_raw("too much");
    }
    assert!(is_silent(&mut gateway).await);
    pass(Duration::from_secs(180)).await;
    let mut refused = resumed(&sandbox, &ready, 1).await;
    assert_eq!(refused.payload().await["op"], 9);
}

#[tokio::test]
async fn acknowledgements_come_late_or_never() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    let beat = json!({ "op": 1, "d": 1 });
    sandbox.delay_acks(SHORT_WAIT);
    let asked = Instant::now();
    gateway.send(&beat).await;
    gateway.send(&beat).await;
    assert_eq!(gateway.payload().await["op"], 11);
    assert!(asked.elapsed() >= SHORT_WAIT);
    assert_eq!(gateway.payload().await["op"], 11);
    sandbox.ignore_heartbeats(true);
    gateway.send(&beat).await;
    assert!(is_silent(&mut gateway).await);
    sandbox.ignore_heartbeats(false);
    sandbox.delay_acks(Duration::ZERO);
    gateway.send(&beat).await;
    assert_eq!(gateway.payload().await["op"], 11);
    assert!(is_silent(&mut gateway).await);
}

#[tokio::test]
async fn heartbeats_that_are_ignored_still_keep_the_session() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.ignore_heartbeats(true);
    // IDENTIFY is the first payload; without a heartbeat, two of these would be the end.
    for beats in 2..5 {
        pass(Duration::from_secs(40)).await;
        gateway.send(&json!({ "op": 1, "d": 1 })).await;
        let came = |sandbox: &Sandbox| sandbox.gateway_payloads().len() == beats;
        assert!(sandbox.wait_until(came, TIMEOUT).await);
    }
    assert!(is_silent(&mut gateway).await);
    assert_eq!(sandbox.connected(), 1);
}

#[tokio::test]
async fn a_corrupted_message_is_replayed_by_a_resume() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    sandbox.corrupt_next();
    sandbox.say("first");
    sandbox.say("second");
    assert!(matches!(gateway.receive().await, Received::Raw(text) if text.contains("first")));
    assert_eq!(gateway.dispatch("MESSAGE_CREATE").await["s"], 4);
    let mut next = resumed(&sandbox, &ready, 2).await;
    assert_eq!(
        next.dispatch("MESSAGE_CREATE").await["d"]["content"],
        "first"
    );
}

#[tokio::test]
async fn messages_in_several_frames_are_reassembled() {
    let sandbox = Sandbox::start().await.expect("started");
    sandbox.split_frames(3);
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    // The cuts go through characters.
    sandbox.say("ü".repeat(1000));
    let said = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(said["d"]["content"], "ü".repeat(1000));
    sandbox.close(4000);
    assert_eq!(gateway.closed().await, Some(4000));
}

#[tokio::test]
async fn a_message_in_pieces_is_as_many_frames() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut raw = upgraded(&sandbox).await;
    // HELLO, whose length fits into one byte.
    assert_eq!(raw.read_u8().await.expect("a frame"), 0x81);
    let length = raw.read_u8().await.expect("a length");
    let mut hello = vec![0; usize::from(length)];
    raw.read_exact(&mut hello).await.expect("HELLO");
    sandbox.split_frames(2);
    sandbox.send_raw("abc");
    let mut frames = [0; 7];
    raw.read_exact(&mut frames).await.expect("two frames");
    assert_eq!(frames, [0x01, 1, b'a', 0x80, 2, b'b', b'c']);
}

#[tokio::test]
async fn a_throttled_connection_is_slow() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.throttle(Some(10_000));
    let (begun, padding) = (Instant::now(), "x".repeat(2000));
    sandbox.dispatch("LARGE", json!({ "padding": padding }));
    assert_eq!(gateway.dispatch("LARGE").await["d"]["padding"], padding);
    // There is no pause after the last chunk.
    assert!(begun.elapsed() >= Duration::from_millis(190));
    sandbox.throttle(None);
    sandbox.dispatch("LARGE", json!({ "padding": padding }));
    gateway.dispatch("LARGE").await;
}

#[tokio::test]
async fn identifies_are_refused_as_often_as_planned() {
    let sandbox = without_identify_limit().await;
    let mut happenings = sandbox.subscribe();
    sandbox.refuse_identifies(2);
    let mut gateway = Gateway::greeted(&sandbox).await;
    for _ in 0..2 {
        gateway.send(&identify(sandbox.token(), 0)).await;
        let invalid = gateway.payload().await;
        assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    }
    gateway.send(&identify(sandbox.token(), 0)).await;
    gateway.dispatch("READY").await;
    assert_eq!(
        (sandbox.identifies(), sandbox.identify_times().len()),
        (1, 3)
    );
    assert_eq!(sandbox.too_early_identifies(), 0);
    happenings.next().await.expect("connected");
    let told = happenings.next().await;
    assert!(
        matches!(told, Some(Happening::IdentifyRefused { too_early: false })),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_interrupted_session_can_be_resumed_or_not() {
    let sandbox = without_identify_limit().await;
    let (mut gateway, ready) = Gateway::ready(&sandbox, 0).await;
    sandbox.interrupt_sessions(true);
    let invalid = gateway.payload().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(true)));
    let mut gateway = resumed(&sandbox, &ready, 1).await;
    gateway.dispatch("RESUMED").await;
    sandbox.interrupt_sessions(false);
    assert_eq!(gateway.payload().await["d"], false);
    let mut refused = resumed(&sandbox, &ready, 1).await;
    assert_eq!(refused.payload().await["op"], 9);
    // The same connection may identify again.
    gateway.send(&identify(sandbox.token(), 0)).await;
    gateway.dispatch("READY").await;
}

#[tokio::test]
async fn heartbeats_and_reconnects_are_asked_for() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    sandbox.ask_heartbeat();
    sandbox.ask_reconnect();
    assert_eq!(gateway.payload().await["op"], 1);
    let asked = gateway.payload().await;
    assert_eq!((&asked["op"], &asked["d"]), (&json!(7), &Value::Null));
}

#[tokio::test]
async fn a_fault_of_one_shard_leaves_the_other_alone() {
    let sandbox = without_identify_limit().await;
    let (mut first, first_ready) = as_shard(&sandbox, 0).await;
    let (mut second, second_ready) = as_shard(&sandbox, 1).await;
    let (one, two) = (sandbox.shard(0), sandbox.shard(1));
    one.send_raw("for one");
    one.dispatch("FOR_ONE", json!({}));
    one.ask_heartbeat();
    assert!(matches!(first.receive().await, Received::Raw(text) if text == "for one"));
    first.dispatch("FOR_ONE").await;
    assert_eq!(first.payload().await["op"], 1);
    assert_eq!((one.last_seq(), two.last_seq()), (Some(2), Some(1)));
    assert_eq!((sandbox.last_seq(0), sandbox.last_seq(7)), (Some(2), None));
    one.close(4000);
    assert_eq!(first.closed().await, Some(4000));
    drop(first);
    let mut first = resumed(&sandbox, &first_ready, 2).await;
    first.dispatch("RESUMED").await;
    one.send_raw("again");
    assert!(matches!(first.receive().await, Received::Raw(text) if text == "again"));
    one.hang();
    assert!(is_silent(&mut first).await);
    let hangs = |sandbox: &Sandbox| sandbox.shard(0).connected() == 0;
    assert!(sandbox.wait_until(hangs, TIMEOUT).await);
    assert_eq!(two.connected(), 1);
    assert_eq!((one.identifies(), one.resumes()), (1, 1));
    assert_eq!((two.identifies(), two.resumes()), (1, 0));
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (2, 1));
    one.invalidate();
    let mut refused = resumed(&sandbox, &first_ready, 2).await;
    assert_eq!(refused.payload().await["op"], 9);
    // None of that reached the second shard.
    two.interrupt(true);
    assert_eq!(second.payload().await["op"], 9);
    two.ask_reconnect();
    assert_eq!(second.payload().await["op"], 7);
    two.cut();
    assert_eq!(second.closed().await, None);
    let mut second = resumed(&sandbox, &second_ready, 1).await;
    second.dispatch("RESUMED").await;
}

#[tokio::test]
async fn sessions_with_the_same_pair_live_side_by_side() {
    let sandbox = without_identify_limit().await;
    let (mut older, _) = as_shard(&sandbox, 1).await;
    let (mut newer, _) = as_shard(&sandbox, 1).await;
    sandbox.dispatch("BOTH", json!({}));
    older.dispatch("BOTH").await;
    newer.dispatch("BOTH").await;
    assert_eq!(sandbox.shard(1).connected(), 2);
}

#[tokio::test]
async fn acknowledged_events_are_replayed_or_not() {
    for (replay, op) in [(Replay::Everything, 0), (Replay::Unacknowledged, 9)] {
        let builder = Sandbox::builder().replay(replay);
        let sandbox = builder.start().await.expect("started");
        let (mut gateway, ready) = Gateway::ready(&sandbox, ALL_INTENTS).await;
        sandbox.say("acknowledged");
        sandbox.say("not yet");
        gateway.send(&json!({ "op": 1, "d": 3 })).await;
        gateway.dispatch("MESSAGE_CREATE").await;
        gateway.dispatch("MESSAGE_CREATE").await;
        assert_eq!(gateway.payload().await["op"], 11);
        let mut gateway = resumed(&sandbox, &ready, 3).await;
        let missed = gateway.dispatch("MESSAGE_CREATE").await;
        assert_eq!(missed["d"]["content"], "not yet", "{replay:?}");
        gateway.dispatch("RESUMED").await;
        let mut gateway = resumed(&sandbox, &ready, 2).await;
        assert_eq!(gateway.payload().await["op"], op, "{replay:?}");
    }
}

#[tokio::test]
async fn the_longest_gap_is_between_heartbeats() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    let gap = Duration::from_secs(30);
    for _ in 0..2 {
        pass(gap).await;
        gateway.send(&json!({ "op": 1, "d": 1 })).await;
        assert_eq!(gateway.payload().await["op"], 11);
        let longest = sandbox.longest_heartbeat_gap();
        assert!(longest >= gap && longest < gap + TIMEOUT, "{longest:?}");
    }
    pass(gap + TIMEOUT).await;
    // A gap that no heartbeat ended does not count.
    assert!(sandbox.longest_heartbeat_gap() < gap + TIMEOUT);
}
