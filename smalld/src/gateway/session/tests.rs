//! The session's decisions, frame by frame.

use super::*;

const READY: &str =
    r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r","new":1}}"#;
const HELLO: &str = r#"{"op":10,"d":{"heartbeat_interval":1000,"_trace":["x"]}}"#;

fn session() -> Session {
    let token = Token::new("tok").unwrap();
    let extra = json!({"large_threshold": 250}).as_object().unwrap().clone();
    Session::new(Identity {
        token,
        intents: Intents::GUILDS,
        shard: (0, 1),
        extra,
    })
}

fn feed(session: &mut Session, text: &str) -> Step {
    session.received(&Header::parse(text).unwrap())
}

fn opening(step: Step) -> Value {
    let Step::Open { opening, .. } = step else {
        panic!("no opening: {step:?}")
    };
    opening
}

/// A session that is ready and saw sequence number 42.
fn live() -> Session {
    let mut session = session();
    session.connect();
    feed(&mut session, HELLO);
    feed(&mut session, READY);
    feed(&mut session, r#"{"op":0,"t":"X","s":42,"d":{}}"#);
    session
}

#[test]
fn hello_is_answered_with_identify() {
    let mut session = session();
    assert_eq!(session.connect(), None);
    let opening = opening(feed(&mut session, HELLO));
    assert_eq!(opening["op"], 2);
    assert_eq!(opening["d"]["token"], "tok");
    assert_eq!(opening["d"]["intents"], 1);
    assert_eq!(opening["d"]["large_threshold"], 250);
    assert_eq!(opening["d"]["properties"]["browser"], "smalld");
}

#[test]
fn a_second_hello_does_not_identify_twice() {
    let mut session = session();
    session.connect();
    feed(&mut session, HELLO);
    assert_eq!(feed(&mut session, HELLO), Step::Nothing);
}

#[test]
fn a_lost_connection_is_resumed_at_once_on_the_resume_url() {
    for end in [
        End::Lost,
        End::Silent,
        End::Reconnect,
        End::Closed(None),
        End::Closed(Some(4000)),
    ] {
        let mut session = live();
        assert_eq!(session.ended(end, 0.5).unwrap(), Duration::ZERO, "{end:?}");
        assert_eq!(session.connect(), Some("wss://r"));
        let resume = opening(feed(&mut session, HELLO));
        assert_eq!(
            resume,
            json!({"op":6,"d":{"token":"tok","session_id":"sid","seq":42}})
        );
    }
}

#[test]
fn what_comes_before_resumed_is_a_replay() {
    let mut session = live();
    session.ended(End::Lost, 0.5).unwrap();
    session.connect();
    feed(&mut session, HELLO);
    let replay = feed(&mut session, r#"{"op":0,"t":"X","s":43,"d":{}}"#);
    assert_eq!(
        replay,
        Step::Dispatch {
            replay: true,
            started: None
        }
    );
    let resumed = feed(&mut session, r#"{"op":0,"t":"RESUMED","s":44,"d":{}}"#);
    assert_eq!(
        resumed,
        Step::Dispatch {
            replay: false,
            started: Some(Started::Again)
        }
    );
    let fresh = feed(&mut session, r#"{"op":0,"t":"X","s":45,"d":{}}"#);
    assert_eq!(
        fresh,
        Step::Dispatch {
            replay: false,
            started: None
        }
    );
}

#[test]
fn an_interrupted_replay_resumes_from_where_it_came_to() {
    let mut session = live();
    session.ended(End::Lost, 0.5).unwrap();
    session.connect();
    feed(&mut session, HELLO);
    feed(&mut session, r#"{"op":0,"t":"X","s":43,"d":{}}"#);
    session.ended(End::Lost, 0.5).unwrap();
    session.connect();
    assert_eq!(opening(feed(&mut session, HELLO))["d"]["seq"], 43);
}

#[test]
fn an_invalid_session_is_forgotten_or_resumed_after_a_pause() {
    let mut session = live();
    assert_eq!(
        feed(&mut session, r#"{"op":9}"#),
        Step::Leave(End::Invalid { resumable: false })
    );
    assert_eq!(
        session
            .ended(End::Invalid { resumable: false }, 0.5)
            .unwrap(),
        Duration::from_secs(3)
    );
    assert_eq!(session.connect(), None);
    assert_eq!(session.seq(), None);
    assert_eq!(opening(feed(&mut session, HELLO))["op"], 2);

    let mut session = live();
    let step = feed(&mut session, r#"{"op":9,"d":true}"#);
    assert_eq!(step, Step::Leave(End::Invalid { resumable: true }));
    assert_eq!(
        session
            .ended(End::Invalid { resumable: true }, 0.5)
            .unwrap(),
        Duration::from_secs(3)
    );
    session.connect();
    assert_eq!(opening(feed(&mut session, HELLO))["op"], 6);
}

#[test]
fn a_session_that_discord_gave_up_is_begun_anew() {
    for code in [4003, 4007, 4009] {
        let mut session = live();
        session.ended(End::Closed(Some(code)), 0.5).unwrap();
        assert_eq!(session.connect(), None, "{code}");
    }
}

#[test]
fn too_many_payloads_pause_before_resuming() {
    let wait = live().ended(End::Closed(Some(4008)), 0.5).unwrap();
    assert_eq!(wait, Duration::from_secs(5));
}

#[test]
fn what_no_retry_can_mend_stops_with_a_reason_and_without_the_token() {
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let error = live()
            .ended(End::Closed(Some(code)), 0.5)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&code.to_string()) && !error.contains("tok,"),
            "{error}"
        );
    }
}

#[test]
fn a_close_before_ready_waits_for_the_identify_window() {
    let mut session = session();
    session.connect();
    feed(&mut session, HELLO);
    let wait = session.ended(End::Closed(Some(4000)), 0.0).unwrap();
    assert_eq!(wait, Duration::from_secs(5));
    assert_eq!(session.connect(), None);
}

#[test]
fn an_unreachable_resume_url_gives_way_to_the_general_one_with_the_session_kept() {
    let mut session = live();
    session.ended(End::Lost, 0.5).unwrap();
    let unreachable = End::Unreachable { retry_after: None };
    assert_eq!(session.connect(), Some("wss://r"));
    session.ended(unreachable, 0.5).unwrap();
    assert_eq!(session.connect(), Some("wss://r"));
    session.ended(unreachable, 0.5).unwrap();
    assert_eq!(session.connect(), None);
    assert_eq!(opening(feed(&mut session, HELLO))["d"]["seq"], 42);
}

#[test]
fn an_endless_loop_of_resumes_ends_in_one_identify() {
    let mut session = live();
    let mut resumes = 0;
    loop {
        session.ended(End::Closed(Some(4000)), 0.5).unwrap();
        session.connect();
        if opening(feed(&mut session, HELLO))["op"] == 2 {
            break;
        }
        resumes += 1;
    }
    assert_eq!(resumes, 10);
}

#[test]
fn waits_that_discord_asks_for_are_kept() {
    let end = End::Unreachable {
        retry_after: Some(Duration::from_secs(30)),
    };
    assert!(live().ended(end, 0.5).unwrap() >= Duration::from_secs(30));
}

#[test]
fn unknown_opcodes_and_events_change_nothing_but_the_sequence() {
    let mut session = live();
    assert_eq!(feed(&mut session, r#"{"op":99,"d":{}}"#), Step::Nothing);
    assert_eq!(session.seq(), Some(42));
    feed(
        &mut session,
        r#"{"op":0,"t":"FROM_THE_FUTURE","s":50,"d":null}"#,
    );
    assert_eq!(session.seq(), Some(50));
    feed(&mut session, r#"{"op":0,"d":{}}"#);
    assert_eq!(session.seq(), Some(50));
}

#[test]
fn ready_in_answer_to_a_resume_begins_that_session() {
    let mut session = live();
    session.ended(End::Lost, 0.5).unwrap();
    session.connect();
    feed(&mut session, HELLO);
    feed(&mut session, READY);
    assert_eq!(
        (session.id().as_deref(), session.seq()),
        (Some("sid"), Some(1))
    );
}

#[test]
fn a_ready_without_a_session_is_garbage() {
    let mut session = session();
    session.connect();
    feed(&mut session, HELLO);
    let step = feed(&mut session, r#"{"op":0,"t":"READY","s":1,"d":{}}"#);
    assert_eq!(step, Step::Leave(End::Garbage));
}

#[test]
fn a_loop_of_sessions_that_do_not_last_cannot_spend_the_starts_of_a_day() {
    let mut session = session();
    let (mut starts, mut passed) = (0, Duration::ZERO);
    while passed < Duration::from_secs(86_400) {
        session.connect();
        assert_eq!(opening(feed(&mut session, HELLO))["op"], 2);
        starts += 1;
        feed(&mut session, READY);
        passed += session
            .ended(End::Invalid { resumable: false }, 0.0)
            .unwrap();
    }
    assert!(starts < 300, "{starts}");
}

#[test]
fn after_a_session_that_lasted_the_next_one_begins_soon() {
    let mut session = live();
    for _ in 0..9 {
        session
            .ended(End::Invalid { resumable: false }, 0.5)
            .unwrap();
        session.connect();
        feed(&mut session, HELLO);
        feed(&mut session, READY);
    }
    session.lasted();
    let wait = session
        .ended(End::Invalid { resumable: false }, 0.5)
        .unwrap();
    assert_eq!(wait, Duration::from_secs(3));
}
