//! The state machine of a session: which frame means what, what to send, when to resume, to
//! identify, to wait or to stop. Pure: no socket and no clock; chance comes in as an argument.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::gateway::backoff::Backoff;
use crate::gateway::close_code::{self, Verdict};
use crate::gateway::end::End;
use crate::header::Header;
use crate::intents::Intents;
use crate::token::Token;

/// After so many connections in a row that came to nothing the session is given up.
const MOST_FRUITLESS: u32 = 10;
/// After so many failed connects the resume URL is given up for the general one.
const MOST_FAILED_RESUME_URL: u32 = 2;
/// Discord counts identifies by windows of five seconds.
const IDENTIFY_WINDOW: Duration = Duration::from_secs(5);

/// What IDENTIFY says.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) token: Token,
    pub(crate) intents: Intents,
    pub(crate) shard: (u32, u32),
    /// Merged into IDENTIFY's `d`.
    pub(crate) extra: Map<String, Value>,
}

/// One shard's session with Discord, over as many connections as it takes.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Identity,
    /// What READY told; thrown away together.
    live: Option<Live>,
    phase: Phase,
    /// The newest sequence number of this connection or session.
    seq: Option<u64>,
    backoff: Backoff,
    failed_connects: u32,
}

#[derive(Debug)]
struct Live {
    id: Arc<str>,
    resume_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    AwaitingHello,
    Identifying,
    Resuming,
    Ready,
}

/// What a frame asks of the loop around it.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Nothing,
    /// HELLO came: beat at this interval, and send this IDENTIFY or RESUME.
    Open {
        interval: Duration,
        opening: Value,
    },
    /// Discord wants a heartbeat at once.
    Heartbeat,
    Acknowledged,
    /// A dispatch to hand on; `started` says that the session is ready with it.
    Dispatch {
        replay: bool,
        started: bool,
    },
    /// End this connection from our side.
    Leave(End),
}

impl Session {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            live: None,
            phase: Phase::AwaitingHello,
            seq: None,
            backoff: Backoff::default(),
            failed_connects: 0,
        }
    }

    /// Begins a connection; gives the URL to connect to where it is not the general one.
    pub(crate) fn connect(&mut self) -> Option<&str> {
        self.phase = Phase::AwaitingHello;
        let live = self
            .live
            .as_ref()
            .filter(|_| self.failed_connects < MOST_FAILED_RESUME_URL)?;
        Some(&live.resume_url)
    }

    /// Whether the next connection will IDENTIFY, which Discord counts, or RESUME, which it does not.
    pub(crate) fn will_identify(&self) -> bool {
        self.live.is_none()
    }

    /// The id of the session, once it is ready.
    pub(crate) fn id(&self) -> Option<Arc<str>> {
        self.live.as_ref().map(|live| Arc::clone(&live.id))
    }

    /// What a heartbeat carries.
    pub(crate) fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// Takes a payload in.
    pub(crate) fn received(&mut self, header: &Header<'_>) -> Step {
        match header.op {
            0 => self.dispatched(header),
            1 => Step::Heartbeat,
            7 => Step::Leave(End::Reconnect),
            // Anything but a plain `true` counts as false.
            9 => Step::Leave(End::Invalid {
                resumable: header.d() == "true",
            }),
            10 => self.hello(header),
            11 => Step::Acknowledged,
            _ => Step::Nothing,
        }
    }

    fn hello(&mut self, header: &Header<'_>) -> Step {
        #[derive(Deserialize)]
        struct Hello {
            heartbeat_interval: u64,
        }
        let Ok(hello) = serde_json::from_str::<Hello>(header.d()) else {
            return Step::Leave(End::Garbage);
        };
        if self.phase != Phase::AwaitingHello || hello.heartbeat_interval == 0 {
            return Step::Nothing;
        }
        self.failed_connects = 0;
        let opening = self.opening();
        Step::Open {
            interval: Duration::from_millis(hello.heartbeat_interval),
            opening,
        }
    }

    fn opening(&mut self) -> Value {
        let token = self.identity.token.expose();
        if let Some(live) = &self.live {
            self.phase = Phase::Resuming;
            return json!({"op": 6, "d": {"token": token, "session_id": *live.id, "seq": self.seq}});
        }
        self.phase = Phase::Identifying;
        // A stale number must not reach a new session's heartbeats.
        self.seq = None;
        let (id, count) = self.identity.shard;
        let mut d = json!({
            "token": token,
            "properties": {"os": std::env::consts::OS, "browser": "smalld", "device": "smalld"},
            "intents": self.identity.intents.bits(),
            "shard": [id, count],
        });
        for (key, value) in &self.identity.extra {
            d[key] = value.clone();
        }
        json!({"op": 2, "d": d})
    }

    fn dispatched(&mut self, header: &Header<'_>) -> Step {
        if header.s.is_some() {
            self.seq = header.s;
        }
        let replay = self.phase == Phase::Resuming;
        let is_ready = header.t() == Some("READY");
        if is_ready && !self.ready(header) {
            return Step::Leave(End::Garbage);
        }
        let started = is_ready || header.t() == Some("RESUMED");
        if started {
            self.phase = Phase::Ready;
            self.backoff.reset();
        }
        Step::Dispatch {
            replay: replay && !started,
            started,
        }
    }

    fn ready(&mut self, header: &Header<'_>) -> bool {
        #[derive(Deserialize)]
        struct Ready {
            session_id: String,
            resume_gateway_url: String,
        }
        let Ok(ready) = serde_json::from_str::<Ready>(header.d()) else {
            return false;
        };
        self.live = Some(Live {
            id: ready.session_id.into(),
            resume_url: ready.resume_gateway_url,
        });
        true
    }

    /// Decides what comes after a connection: how long to wait before the next one, or that
    /// nothing will help. `random` is in `0.0..1.0`.
    pub(crate) fn ended(&mut self, end: End, random: f64) -> Result<Duration, Error> {
        let mut at_least = Duration::ZERO;
        match end {
            End::Closed(code) => match close_code::verdict(code) {
                Verdict::Resume => {}
                Verdict::ResumeAfter(pause) => at_least = pause,
                Verdict::NewSession => self.forget(),
                Verdict::Stop => return Err(self.stopped(code)),
            },
            End::Unreachable { retry_after } => {
                self.failed_connects += 1;
                at_least = retry_after.unwrap_or_default();
            }
            End::Invalid { resumable } => {
                if !resumable {
                    self.forget();
                }
                // Older documentation asked for a random wait of one to five seconds.
                at_least = Duration::from_secs(1) + Duration::from_secs(4).mul_f64(random);
            }
            End::Lost | End::Silent | End::Garbage | End::Reconnect => {}
        }
        let wait = self.backoff.next(random);
        if self.backoff.attempts() > MOST_FRUITLESS {
            self.forget();
        }
        if self.live.is_none() && self.phase == Phase::Identifying {
            // The identify that just failed was counted; the window must pass before the next.
            at_least = at_least.max(IDENTIFY_WINDOW);
        }
        Ok(wait.max(at_least))
    }

    fn forget(&mut self) {
        self.live = None;
        self.seq = None;
    }

    fn stopped(&self, code: Option<u16>) -> Error {
        let intents = self.identity.intents;
        let named = match code {
            Some(4014) => (intents & Intents::privileged()).to_string(),
            _ => format!("{} ({intents})", intents.bits()),
        };
        let text = close_code::explanation(code.unwrap_or_default(), &named);
        Error::closed(code, self.identity.shard, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r","new":1}}"#;
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
                started: false
            }
        );
        let resumed = feed(&mut session, r#"{"op":0,"t":"RESUMED","s":44,"d":{}}"#);
        assert_eq!(
            resumed,
            Step::Dispatch {
                replay: false,
                started: true
            }
        );
        let fresh = feed(&mut session, r#"{"op":0,"t":"X","s":45,"d":{}}"#);
        assert_eq!(
            fresh,
            Step::Dispatch {
                replay: false,
                started: false
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
}
