//! Tests of a session together with its reconnect policy, payload by payload and disconnect by
//! disconnect.

mod frames;
mod life;
mod losing;
mod resuming;
mod starting;

use super::*;
use crate::gateway::protocol::reconnect::UrlKind;

const HELLO: &str = r#"{"op":10,"d":{"heartbeat_interval":1000,"_trace":["x"]}}"#;
const READY: &str =
    r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r","new":1}}"#;
const INVALID: Disconnect = Disconnect::InvalidSession { resumable: false };

/// A session with its reconnect policy, and the connection that comes next.
struct Fixture {
    session: Session,
    policy: ReconnectPolicy,
    next: NextConnection,
    now: Instant,
}

impl std::ops::Deref for Fixture {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Fixture {
    fn new(identity: Identity, earlier: Option<EarlierSession>) -> Self {
        let session = Session::restored(identity, earlier);
        let policy = ReconnectPolicy::default();
        Self {
            next: policy.first(session.is_resumable(), Duration::ZERO),
            session,
            policy,
            now: Instant::now(),
        }
    }

    /// A connection ended. Returns the wait before the next, at this random number.
    fn ended(&mut self, disconnect: Disconnect, random: f64) -> Result<Duration, Error> {
        // Slow enough that the limit of connections per minute is never reached.
        self.now += Duration::from_secs(60);
        let policy = &mut self.policy;
        self.next = self.session.ended(disconnect, policy, self.now, random)?;
        Ok(self.next.wait)
    }

    fn will_identify(&self) -> bool {
        self.next.handshake == Handshake::Identify
    }
}

fn session() -> Fixture {
    with_intents(Intents::GUILDS)
}

fn with_intents(intents: Intents) -> Fixture {
    Fixture::new(identity(intents), None)
}

fn identity(intents: Intents) -> Identity {
    let token = Token::new("Bot tok").unwrap();
    let extra = json!({"large_threshold": 250}).as_object().unwrap().clone();
    Identity {
        token,
        intents,
        shard: (0, 1),
        extra,
    }
}

/// A session that is ready and received sequence number 42.
fn live() -> Fixture {
    let mut session = session();
    assert_eq!(open(&mut session)["op"], 2);
    feed(&mut session, READY);
    event(&mut session, 42);
    session
}

fn feed(session: &mut Fixture, text: &str) -> Step {
    session.session.received(&Envelope::parse(text).unwrap())
}

fn event(session: &mut Fixture, s: u64) -> Step {
    feed(session, &format!(r#"{{"op":0,"t":"X","s":{s},"d":{{}}}}"#))
}

/// Receives HELLO. Returns the IDENTIFY or RESUME that answers it.
fn open(session: &mut Fixture) -> Value {
    match feed(session, HELLO) {
        Step::Handshake {
            handshake, payload, ..
        } => {
            assert_eq!(handshake, session.next.handshake);
            if handshake == Handshake::Identify {
                session.policy.session_starting();
            }
            payload.0
        }
        step => panic!("no handshake: {step:?}"),
    }
}

fn url(session: &mut Fixture) -> Option<String> {
    match session.next.url {
        UrlKind::Resume => session.resume_url().map(ToOwned::to_owned),
        UrlKind::General => None,
    }
}

/// The wait after a disconnect.
fn ended(session: &mut Fixture, disconnect: Disconnect) -> Duration {
    session.ended(disconnect, 0.5).unwrap()
}

fn closed(code: u16) -> Disconnect {
    Disconnect::Closed(Some(code))
}

/// The next connection goes to the resume URL and resumes after this number.
#[track_caller]
fn resumes_from(session: &mut Fixture, seq: u64) {
    assert_eq!(url(session).as_deref(), Some("wss://r"));
    let resume = json!({"op": 6, "d": {"token": "tok", "session_id": "sid", "seq": seq}});
    assert_eq!(open(session), resume);
}

/// The next connection goes to the general URL and identifies, with nothing of the old session.
#[track_caller]
fn starts_new_session(session: &mut Fixture) {
    assert!(session.will_identify());
    assert_eq!((url(session), session.seq()), (None, None));
    let identify = open(session);
    assert_eq!(identify["op"], 2);
    assert!(!identify.to_string().contains("sid"), "{identify}");
}

fn fresh(started: Option<Started>) -> Step {
    Step::Dispatch {
        replay: false,
        started,
    }
}

/// READY started this session.
fn begun(id: &str, url: &str) -> Step {
    fresh(Some(Started::New(Ready {
        session_id: id.into(),
        resume_gateway_url: url.to_owned(),
        user_id: None,
    })))
}

const REPLAYED: Step = Step::Dispatch {
    replay: true,
    started: None,
};
