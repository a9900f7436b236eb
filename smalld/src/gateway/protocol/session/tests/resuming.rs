//! Resuming, and what may interrupt it.

use super::*;

const RESUMED: &str = r#"{"op":0,"t":"RESUMED","s":45,"d":{}}"#;
const UNREACHABLE: Disconnect = Disconnect::Unreachable { retry_after: None };

/// A session whose connection was lost and that has sent RESUME.
fn resuming() -> Fixture {
    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 42);
    session
}

#[test]
fn case_c1_events_before_resumed_are_replays() {
    let mut session = resuming();
    assert_eq!(event(&mut session, 43), REPLAYED);
    assert_eq!(event(&mut session, 44), REPLAYED);
    assert_eq!(feed(&mut session, RESUMED), fresh(Some(Started::Resumed)));
    assert_eq!(session.seq(), Some(45));
    assert_eq!(event(&mut session, 46), fresh(None));
    assert_eq!(session.seq(), Some(46));
}

#[test]
fn case_c2_each_hello_has_its_own_interval() {
    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    let step = feed(
        &mut session,
        r#"{"op":10,"d":{"heartbeat_interval":41250}}"#,
    );
    let Step::Handshake { interval, .. } = step else {
        panic!("{step:?}")
    };
    assert_eq!(interval, Duration::from_millis(41_250));
}

#[test]
fn case_c3_after_a_refused_resume_a_new_session_replaces_the_old_one() {
    let mut session = resuming();
    let step = feed(&mut session, r#"{"op":9,"d":false}"#);
    assert_eq!(step, Step::Disconnect(INVALID));
    assert_eq!(ended(&mut session, INVALID), Duration::from_secs(3));
    starts_new_session(&mut session);
    feed(&mut session, &ready("new", "wss://n"));
    assert_eq!(session.seq(), Some(1));
    ended(&mut session, Disconnect::Lost);
    assert_eq!(url(&mut session).as_deref(), Some("wss://n"));
    let resume = open(&mut session);
    assert_eq!(resume["d"]["session_id"], "new");
    assert_eq!(resume["d"]["seq"], 1);
}

fn ready(id: &str, url: &str) -> String {
    let d = json!({"session_id": id, "resume_gateway_url": url});
    json!({"op": 0, "t": "READY", "s": 1, "d": d}).to_string()
}

#[test]
fn case_c4_ready_after_resume_starts_that_session() {
    let mut session = resuming();
    assert_eq!(
        feed(&mut session, &ready("sid2", "wss://r2")),
        begun("sid2", "wss://r2")
    );
    assert_eq!(session.id().as_deref(), Some("sid2"));
    assert_eq!(session.seq(), Some(1));
    assert_eq!(url(&mut session).as_deref(), Some("wss://r2"));
}

#[test]
fn case_c5_an_interrupted_replay_resumes_from_its_last_event() {
    let mut session = resuming();
    event(&mut session, 43);
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 43);
}

#[test]
fn case_c6_only_resumed_ends_the_replay() {
    let mut session = resuming();
    for s in 43..100 {
        assert_eq!(event(&mut session, s), REPLAYED);
    }
    assert_eq!(feed(&mut session, RESUMED), fresh(Some(Started::Resumed)));
    assert_eq!(event(&mut session, 100), fresh(None));
}

#[test]
fn case_c7_the_general_url_replaces_an_unreachable_resume_url() {
    let mut session = live();
    assert_eq!(ended(&mut session, Disconnect::Lost), Duration::ZERO);
    assert_eq!(url(&mut session).as_deref(), Some("wss://r"));
    assert_eq!(ended(&mut session, UNREACHABLE), Duration::from_secs(1));
    assert_eq!(url(&mut session).as_deref(), Some("wss://r"));
    assert_eq!(ended(&mut session, UNREACHABLE), Duration::from_secs(2));
    assert_eq!(url(&mut session), None);
    assert_eq!(open(&mut session)["d"]["seq"], 42);
    ended(&mut session, INVALID);
    starts_new_session(&mut session);
}

#[test]
fn the_resume_url_is_used_again_after_the_general_url_worked() {
    let mut session = live();
    ended(&mut session, UNREACHABLE);
    ended(&mut session, UNREACHABLE);
    assert_eq!(url(&mut session), None);
    open(&mut session);
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 42);
}

#[test]
fn case_c8_without_a_session_it_identifies() {
    for end in [
        Disconnect::Lost,
        Disconnect::NoHeartbeatAck,
        closed(4000),
        closed(1000),
    ] {
        let mut session = session();
        open(&mut session);
        ended(&mut session, end);
        starts_new_session(&mut session);
    }
}

#[test]
fn case_c9_failed_connections_keep_the_sequence_number() {
    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    for _ in 0..3 {
        ended(&mut session, UNREACHABLE);
    }
    assert_eq!(open(&mut session)["d"]["seq"], 42);
}

#[test]
fn case_c11_resume_does_not_wait_to_identify() {
    let mut session = live();
    for _ in 0..3 {
        ended(&mut session, INVALID);
        open(&mut session);
        feed(&mut session, READY);
    }
    event(&mut session, 42);
    assert_eq!(ended(&mut session, closed(4000)), Duration::ZERO);
    resumes_from(&mut session, 42);
}

#[test]
fn case_c12_after_ten_failed_resumes_it_identifies() {
    let mut session = live();
    let mut waits = Vec::new();
    loop {
        waits.push(ended(&mut session, closed(4000)).as_secs());
        if open(&mut session)["op"] == 2 {
            break;
        }
    }
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 32, 32, 32, 32]);
}

#[test]
fn case_c13_resume_contains_the_token_without_bot() {
    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    let resume = open(&mut session);
    assert_eq!(resume["d"]["token"], "tok");
    assert!(resume["d"]["seq"].is_u64(), "{resume}");
    assert_eq!(resume["d"].as_object().unwrap().len(), 3);
}

#[test]
fn case_g1_failed_connections_are_retried_with_growing_waits() {
    let mut session = session();
    let waits: Vec<_> = (0..9)
        .map(|_| ended(&mut session, UNREACHABLE).as_secs())
        .collect();
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 32, 32]);
    starts_new_session(&mut session);
}

#[test]
fn case_g2_retry_after_is_respected() {
    let end = Disconnect::Unreachable {
        retry_after: Some(Duration::from_secs(30)),
    };
    for random in [0.0, 0.999] {
        let wait = live().ended(end, random).unwrap();
        assert_eq!(wait, Duration::from_secs(30));
    }
}

/// A session of an earlier process that received events up to 4 and handled none.
fn restored() -> Fixture {
    let saved = EarlierSession {
        id: "sid".into(),
        resume_url: "wss://r".to_owned(),
        handled: 0,
        received: 4,
    };
    let mut session = Fixture::new(identity(Intents::GUILDS), Some(saved));
    resumes_from(&mut session, 0);
    session
}

#[test]
fn events_that_an_earlier_process_received_are_replays_and_start_nothing() {
    let mut session = restored();
    assert_eq!(feed(&mut session, READY), REPLAYED);
    assert_eq!(event(&mut session, 2), REPLAYED);
    let resumed_before = RESUMED.replace("45", "4");
    assert_eq!(feed(&mut session, &resumed_before), REPLAYED);
    assert_eq!(event(&mut session, 5), REPLAYED);
    assert_eq!(feed(&mut session, RESUMED), fresh(Some(Started::Resumed)));
    assert_eq!(session.id().as_deref(), Some("sid"));
}

#[test]
fn case_c4_ready_of_another_session_starts_it_even_during_a_replay() {
    let mut session = restored();
    let ready = ready("sid2", "wss://r2");
    assert_eq!(feed(&mut session, &ready), begun("sid2", "wss://r2"));
    assert_eq!(session.id().as_deref(), Some("sid2"));
}

#[test]
fn after_two_unanswered_resumes_it_identifies() {
    let mut session = resuming();
    assert_eq!(
        ended(&mut session, Disconnect::NoResumed),
        Duration::from_secs(1)
    );
    resumes_from(&mut session, 42);
    ended(&mut session, Disconnect::NoResumed);
    starts_new_session(&mut session);
}
