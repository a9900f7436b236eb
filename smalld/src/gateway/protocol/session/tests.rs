//! The session's decisions, frame by frame and end by end.

mod frames;
mod life;
mod losing;
mod resuming;
mod starting;

use super::*;

const HELLO: &str = r#"{"op":10,"d":{"heartbeat_interval":1000,"_trace":["x"]}}"#;
const READY: &str =
    r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r","new":1}}"#;
const INVALID: Disconnect = Disconnect::InvalidSession { resumable: false };

fn session() -> Session {
    with_intents(Intents::GUILDS)
}

fn with_intents(intents: Intents) -> Session {
    let token = Token::new("Bot tok").unwrap();
    let extra = json!({"large_threshold": 250}).as_object().unwrap().clone();
    Session::new(Identity {
        token,
        intents,
        shard: (0, 1),
        extra,
    })
}

/// A session that is ready and saw sequence number 42.
fn live() -> Session {
    let mut session = session();
    assert_eq!(open(&mut session)["op"], 2);
    feed(&mut session, READY);
    event(&mut session, 42);
    session
}

fn feed(session: &mut Session, text: &str) -> Step {
    session.received(&Envelope::parse(text).unwrap())
}

fn event(session: &mut Session, s: u64) -> Step {
    feed(session, &format!(r#"{{"op":0,"t":"X","s":{s},"d":{{}}}}"#))
}

/// A connection as far as HELLO; gives the IDENTIFY or RESUME that answers it.
fn open(session: &mut Session) -> Value {
    session.connect();
    match feed(session, HELLO) {
        Step::Handshake { payload, .. } => payload.0,
        step => panic!("no opening: {step:?}"),
    }
}

fn url(session: &mut Session) -> Option<String> {
    session.connect().map(ToOwned::to_owned)
}

/// The wait after a connection that ended so.
fn ended(session: &mut Session, end: Disconnect) -> Duration {
    session.ended(end, 0.5).unwrap()
}

fn closed(code: u16) -> Disconnect {
    Disconnect::Closed(Some(code))
}

/// The next connection goes to the resume URL and carries on from there.
#[track_caller]
fn resumes_from(session: &mut Session, seq: u64) {
    assert_eq!(url(session).as_deref(), Some("wss://r"));
    let resume = json!({"op": 6, "d": {"token": "tok", "session_id": "sid", "seq": seq}});
    assert_eq!(open(session), resume);
}

/// The next connection goes to the general URL, and nothing of the old session is in it.
#[track_caller]
fn begins_anew(session: &mut Session) {
    assert!(session.will_identify());
    assert_eq!((url(session), session.seq()), (None, None));
    let opening = open(session);
    assert_eq!(opening["op"], 2);
    assert!(!opening.to_string().contains("sid"), "{opening}");
}

fn fresh(started: Option<Started>) -> Step {
    Step::Dispatch {
        replay: false,
        started,
    }
}

const REPLAYED: Step = Step::Dispatch {
    replay: true,
    started: None,
};
