//! Malformed payloads and unusual fields.

use super::*;

#[test]
fn case_e1_after_a_malformed_payload_the_session_resumes_from_the_last_sequence_number() {
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
fn case_e5_sequence_numbers_beyond_53_bits_are_exact() {
    let mut session = live();
    event(&mut session, 9_007_199_254_740_993);
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 9_007_199_254_740_993);
}

#[test]
fn an_unusable_ready_names_the_field() {
    let mut session = session();
    open(&mut session);
    let step = feed(&mut session, r#"{"op":0,"t":"READY","s":1,"d":{}}"#);
    let Step::Unusable(reason) = step else {
        panic!("{step:?}")
    };
    assert!(reason.starts_with("unusable READY: "), "{reason}");
    assert!(reason.contains("`session_id`"), "{reason}");
    assert!(!session.is_resumable());
}

#[test]
fn an_unusable_hello_names_the_field() {
    for d in ["null", "{}", r#"{"heartbeat_interval":0}"#] {
        let mut session = session();
        let step = feed(&mut session, &format!(r#"{{"op":10,"d":{d}}}"#));
        let Step::Unusable(reason) = step else {
            panic!("{step:?}")
        };
        assert!(reason.starts_with("unusable HELLO: "), "{reason}");
        assert!(reason.contains("`heartbeat_interval`"), "{reason}");
    }
}

#[test]
fn a_float_heartbeat_interval_is_accepted() {
    let mut session = session();
    let hello = HELLO.replace("1000", "41250.0");
    let step = feed(&mut session, &hello);
    let Step::Handshake { interval, .. } = step else {
        panic!("{step:?}")
    };
    assert_eq!(interval, Duration::from_millis(41_250));
}
