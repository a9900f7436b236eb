//! What payloads mean during a healthy connection.

use super::*;

#[test]
fn case_a1_hello_is_answered_with_identify() {
    let mut session = session();
    assert_eq!(url(&mut session), None);
    let Step::Handshake {
        interval, payload, ..
    } = feed(&mut session, HELLO)
    else {
        panic!("no handshake")
    };
    assert_eq!(interval, Duration::from_secs(1));
    let properties = json!({"os": std::env::consts::OS, "browser": "smalld", "device": "smalld"});
    let d = json!({
        "token": "tok",
        "properties": properties,
        "intents": 1,
        "shard": [0, 1],
        "large_threshold": 250,
    });
    assert_eq!(payload.0, json!({"op": 2, "d": d}));
}

#[test]
fn a_second_hello_does_not_identify_twice() {
    let mut session = session();
    open(&mut session);
    assert_eq!(feed(&mut session, HELLO), Step::Nothing);
}

#[test]
fn case_a3_before_the_first_dispatch_there_is_no_sequence_number() {
    let mut session = session();
    open(&mut session);
    assert_eq!(session.seq(), None);
}

#[test]
fn case_a4_the_newest_sequence_number_is_kept() {
    let mut session = session();
    open(&mut session);
    feed(&mut session, READY);
    for s in [2, 3] {
        assert_eq!(event(&mut session, s), fresh(None));
        assert_eq!(session.seq(), Some(s));
    }
}

#[test]
fn case_a5_discord_may_ask_for_a_heartbeat() {
    let mut session = live();
    assert_eq!(feed(&mut session, r#"{"op":1,"d":null}"#), Step::Heartbeat);
    assert_eq!(session.seq(), Some(42));
}

#[test]
fn case_a6_an_acknowledgement_needs_no_other_field() {
    assert_eq!(feed(&mut live(), r#"{"op":11}"#), Step::HeartbeatAck);
}

#[test]
fn case_a9_an_unknown_event_is_dispatched() {
    let mut session = live();
    let text = r#"{"t":"FIXTURE_EVENT_FROM_THE_FUTURE","s":50,"op":0,"d":{}}"#;
    assert_eq!(feed(&mut session, text), fresh(None));
    assert_eq!(session.seq(), Some(50));
}

#[test]
fn case_a10_an_unknown_opcode_changes_nothing() {
    let mut session = live();
    assert_eq!(feed(&mut session, r#"{"op":99,"d":{}}"#), Step::Nothing);
    assert_eq!(session.seq(), Some(42));
    resumes_after_a_loss(&mut session);
}

fn resumes_after_a_loss(session: &mut Fixture) {
    ended(session, Disconnect::Lost);
    resumes_from(session, 42);
}

#[test]
fn case_a11_d_may_be_of_any_type() {
    let mut session = live();
    for (s, d) in (43..).zip(["null", "[1]", r#""text""#, "7", "false"]) {
        let text = format!(r#"{{"op":0,"t":"X","s":{s},"d":{d}}}"#);
        assert_eq!(feed(&mut session, &text), fresh(None), "{d}");
        assert_eq!(session.seq(), Some(s), "{d}");
    }
}

#[test]
fn case_a12_unknown_fields_of_hello_and_ready_are_ignored() {
    let mut session = session();
    open(&mut session);
    let unknown: Map<String, Value> = (0..20)
        .map(|n| (format!("unknown_{n}"), json!({"n": [n, null]})))
        .collect();
    let mut d = json!({"session_id": "sid", "resume_gateway_url": "wss://r"});
    d.as_object_mut().unwrap().extend(unknown);
    let ready = json!({"op": 0, "t": "READY", "s": 1, "d": d}).to_string();
    assert_eq!(feed(&mut session, &ready), begun("sid", "wss://r"));
    assert_eq!(session.id().as_deref(), Some("sid"));
}

#[test]
fn case_a16_a_repeated_sequence_number_is_dispatched_twice() {
    let mut session = live();
    for _ in 0..2 {
        assert_eq!(event(&mut session, 50), fresh(None));
        assert_eq!(session.seq(), Some(50));
    }
}

#[test]
fn case_a17_a_gap_in_sequence_numbers_does_not_reconnect() {
    let mut session = live();
    assert_eq!(event(&mut session, 47), fresh(None));
    assert_eq!(event(&mut session, 50), fresh(None));
    assert_eq!(session.seq(), Some(50));
}
