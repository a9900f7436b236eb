//! How often sessions are started.

use super::*;

#[test]
fn case_d4_a_refused_identify_waits_for_the_identify_interval() {
    let mut session = session();
    let mut waits = Vec::new();
    for _ in 0..4 {
        open(&mut session);
        assert_eq!(
            feed(&mut session, r#"{"op":9,"d":false}"#),
            Step::Disconnect(INVALID)
        );
        waits.push(session.ended(INVALID, 0.0).unwrap().as_secs());
    }
    assert!(waits.iter().all(|&wait| wait >= 5), "{waits:?}");
    assert!(waits.is_sorted() && waits[3] > waits[0], "{waits:?}");
}

#[test]
fn case_d7_a_loop_of_short_sessions_does_not_spend_the_session_starts_of_a_day() {
    let mut session = session();
    let (mut starts, mut waits) = (0, Vec::new());
    let mut passed = Duration::ZERO;
    while passed < Duration::from_secs(86_400) {
        assert_eq!(open(&mut session)["op"], 2);
        starts += 1;
        feed(&mut session, READY);
        passed += session.ended(closed(4000), 0.0).unwrap();
        assert_eq!(open(&mut session)["op"], 6);
        let wait = session.ended(INVALID, 0.0).unwrap();
        passed += wait;
        waits.push(wait.as_secs());
    }
    assert!(starts < 1000, "{starts}");
    assert_eq!(waits[..8], [1, 10, 20, 40, 80, 160, 300, 300]);
}

#[test]
fn after_a_session_that_lasted_the_next_one_starts_soon() {
    let mut session = live();
    for _ in 0..9 {
        ended(&mut session, INVALID);
        open(&mut session);
        feed(&mut session, READY);
    }
    session.policy.session_ready_for(Duration::from_secs(600));
    assert_eq!(ended(&mut session, INVALID), Duration::from_secs(3));
}

#[test]
fn an_unanswered_identify_is_sent_again_with_growing_waits() {
    let mut session = session();
    let mut waits = Vec::new();
    for _ in 0..4 {
        assert_eq!(open(&mut session)["op"], 2);
        waits.push(ended(&mut session, Disconnect::NoReady).as_secs());
    }
    assert_eq!(waits, [5, 10, 20, 40]);
}
