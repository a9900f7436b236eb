//! Frames that are not quite as they should be.

use super::*;

#[test]
fn case_e1_garbage_resumes_from_the_last_good_number() {
    let mut session = live();
    assert!(Envelope::parse(r#"{"op":0,"t":"X","s":5,"#).is_err());
    assert_eq!(ended(&mut session, Disconnect::Malformed), Duration::ZERO);
    resumes_from(&mut session, 42);
}

#[test]
fn case_e4_a_dispatch_without_name_and_number_changes_nothing() {
    let mut session = live();
    assert_eq!(feed(&mut session, r#"{"op":0,"d":{}}"#), fresh(None));
    assert_eq!(session.seq(), Some(42));
    let nulls = r#"{"op":0,"t":null,"s":null,"d":{}}"#;
    assert_eq!(feed(&mut session, nulls), fresh(None));
    assert_eq!(session.seq(), Some(42));
}

#[test]
fn case_e5_numbers_beyond_53_bits_are_kept_to_the_last_digit() {
    let mut session = live();
    event(&mut session, 9_007_199_254_740_993);
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 9_007_199_254_740_993);
}

#[test]
fn a_ready_without_a_session_is_garbage() {
    let mut session = session();
    open(&mut session);
    let step = feed(&mut session, r#"{"op":0,"t":"READY","s":1,"d":{}}"#);
    assert_eq!(step, Step::Disconnect(Disconnect::Malformed));
}

#[test]
fn a_hello_without_an_interval_is_garbage_or_passed_over() {
    let mut session = session();
    session.connect();
    let step = feed(&mut session, r#"{"op":10,"d":null}"#);
    assert_eq!(step, Step::Disconnect(Disconnect::Malformed));
    let step = feed(&mut session, r#"{"op":10,"d":{"heartbeat_interval":0}}"#);
    assert_eq!(step, Step::Nothing);
}
