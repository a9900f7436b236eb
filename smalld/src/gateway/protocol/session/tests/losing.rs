//! What follows a disconnect.

use super::*;

/// After this disconnect the session is resumed at once.
#[track_caller]
fn resumes_at_once_after(disconnect: Disconnect) {
    let mut session = live();
    assert_eq!(ended(&mut session, disconnect), Duration::ZERO);
    resumes_from(&mut session, 42);
}

#[track_caller]
fn starts_new_session_after(code: u16) {
    let mut session = live();
    ended(&mut session, closed(code));
    starts_new_session(&mut session);
}

/// The error of a bot after a close code that stops it.
fn stopped(session: &mut Fixture, code: u16) -> String {
    let error = session.ended(closed(code), 0.5).unwrap_err();
    let Error::Gateway(error) = &error else {
        panic!("{error}")
    };
    assert_eq!(error.close_code, Some(code));
    error.to_string()
}

#[test]
fn case_b1_a_lost_connection_is_resumed_at_once() {
    resumes_at_once_after(Disconnect::Lost);
}

#[test]
fn case_b2_a_close_without_a_status_is_resumed() {
    resumes_at_once_after(Disconnect::Closed(None));
}

#[test]
fn case_b3_4000_is_resumed() {
    resumes_at_once_after(closed(4000));
}

#[test]
fn case_b4_4001_is_resumed() {
    resumes_at_once_after(closed(4001));
}

#[test]
fn case_b5_4002_is_resumed() {
    resumes_at_once_after(closed(4002));
}

#[test]
fn case_b6_4003_starts_a_new_session() {
    starts_new_session_after(4003);
}

#[test]
fn case_b7_4004_stops() {
    let error = stopped(&mut live(), 4004);
    assert!(error.contains("authentication failed"), "{error}");
}

#[test]
fn case_b8_4005_is_resumed() {
    resumes_at_once_after(closed(4005));
}

#[test]
fn case_b9_4007_starts_a_new_session() {
    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    resumes_from(&mut session, 42);
    ended(&mut session, closed(4007));
    starts_new_session(&mut session);
}

#[test]
fn case_b10_4008_is_resumed_after_five_seconds() {
    for random in [0.0, 0.999] {
        let mut session = live();
        let wait = session.ended(closed(4008), random).unwrap();
        assert_eq!(wait, Duration::from_secs(5));
        resumes_from(&mut session, 42);
    }
}

#[test]
fn case_b11_4009_starts_a_new_session() {
    starts_new_session_after(4009);
}

#[test]
fn case_b12_4010_stops_and_names_the_shard() {
    let error = stopped(&mut live(), 4010);
    assert!(error.contains("invalid shard"), "{error}");
    assert!(error.contains("(0, 1)"), "{error}");
}

#[test]
fn case_b13_4011_stops_and_asks_for_shards() {
    let error = stopped(&mut live(), 4011);
    assert!(error.contains("sharding required"), "{error}");
}

#[test]
fn case_b14_4012_stops() {
    let error = stopped(&mut live(), 4012);
    assert!(error.contains("invalid API version"), "{error}");
}

#[test]
fn case_b15_4013_stops_and_shows_the_intents_as_a_number() {
    let mut session = with_intents(Intents::from_bits_retain(1 | 1 << 40));
    open(&mut session);
    let error = stopped(&mut session, 4013);
    assert!(error.contains("invalid intents"), "{error}");
    assert!(error.contains("1099511627777"), "{error}");
}

#[test]
fn case_b16_4014_stops_and_names_the_privileged_intents_and_where_to_enable_them() {
    let mut session = with_intents(Intents::GUILDS | Intents::GUILD_MEMBERS);
    open(&mut session);
    let error = stopped(&mut session, 4014);
    assert!(error.contains("disallowed intents"), "{error}");
    assert!(error.contains("GUILD_MEMBERS"), "{error}");
    assert!(!error.contains("GUILD_PRESENCES"), "{error}");
    assert!(
        error.contains("https://discord.com/developers/applications"),
        "{error}"
    );
}

#[test]
fn case_b17_1000_is_resumed_and_a_refused_resume_starts_a_new_session() {
    resumes_at_once_after(closed(1000));
    let mut session = live();
    ended(&mut session, closed(1000));
    resumes_from(&mut session, 42);
    ended(&mut session, INVALID);
    starts_new_session(&mut session);
}

#[test]
fn case_b18_1001_is_resumed() {
    resumes_at_once_after(closed(1001));
}

#[test]
fn case_b19_an_unknown_code_is_resumed_with_growing_waits() {
    resumes_at_once_after(closed(4099));
    let mut session = live();
    let mut waits = Vec::new();
    for _ in 0..4 {
        waits.push(ended(&mut session, closed(4099)).as_secs());
        resumes_from(&mut session, 42);
    }
    assert_eq!(waits, [0, 1, 2, 4]);
}

#[test]
fn case_b20_a_close_before_ready_waits_for_the_identify_interval() {
    let mut session = session();
    open(&mut session);
    let wait = session.ended(closed(4000), 0.0).unwrap();
    assert!(wait >= Duration::from_secs(5), "{wait:?}");
    starts_new_session(&mut session);
}

#[test]
fn case_b21_a_zombie_is_resumed() {
    resumes_at_once_after(Disconnect::NoHeartbeatAck);
}

#[test]
fn case_b24_a_reconnect_request_is_resumed_at_once() {
    let step = feed(&mut live(), r#"{"op":7,"d":null}"#);
    assert_eq!(step, Step::Disconnect(Disconnect::Reconnect));
    resumes_at_once_after(Disconnect::Reconnect);
}

#[test]
fn case_b25_a_reconnect_request_may_come_instead_of_hello() {
    let mut session = session();
    let step = feed(&mut session, r#"{"op":7,"d":null}"#);
    assert_eq!(step, Step::Disconnect(Disconnect::Reconnect));
    // IDENTIFY was not sent, so there is no interval to wait for.
    assert_eq!(ended(&mut session, Disconnect::Reconnect), Duration::ZERO);
    starts_new_session(&mut session);

    let mut session = live();
    ended(&mut session, Disconnect::Lost);
    feed(&mut session, r#"{"op":7,"d":null}"#);
    ended(&mut session, Disconnect::Reconnect);
    resumes_from(&mut session, 42);
}

#[test]
fn case_b27_after_an_invalid_session_a_new_one_starts_after_a_pause() {
    let mut session = live();
    let step = feed(&mut session, r#"{"op":9,"d":false}"#);
    assert_eq!(step, Step::Disconnect(INVALID));
    assert_eq!(ended(&mut session, INVALID), Duration::from_secs(3));
    starts_new_session(&mut session);
    for (random, wait) in [(0.0, 1), (0.25, 2)] {
        let paused = live().ended(INVALID, random).unwrap();
        assert_eq!(paused, Duration::from_secs(wait));
    }
}

#[test]
fn case_b28_a_resumable_invalid_session_is_resumed_after_a_pause() {
    let mut session = live();
    let end = Disconnect::InvalidSession { resumable: true };
    assert_eq!(
        feed(&mut session, r#"{"op":9,"d":true}"#),
        Step::Disconnect(end)
    );
    assert_eq!(ended(&mut session, end), Duration::from_secs(3));
    resumes_from(&mut session, 42);
}

#[test]
fn case_b29_only_true_means_that_the_session_is_resumable() {
    for text in [
        r#"{"op":9}"#,
        r#"{"op":9,"d":null}"#,
        r#"{"op":9,"d":"true"}"#,
        r#"{"op":9,"d":1}"#,
    ] {
        assert_eq!(feed(&mut live(), text), Step::Disconnect(INVALID), "{text}");
    }
}
