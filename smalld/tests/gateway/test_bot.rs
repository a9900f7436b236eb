//! Bot whose server is the test, and whose handlers record what they receive.

use std::time::{Duration, Instant};

use smalld::handler::Handlers;
use smalld::{Builder, Json, Payload, Result, SmallD};
use smalld_sandbox::{Connection, Received, Sandbox, Script};
use tokio::sync::watch;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use crate::support::{Log, TIMEOUT, builder};

/// Long enough that no heartbeat is due in most tests.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(40);

/// Longer than Discord's IDENTIFY interval, and than the wait after a session that was lost.
pub const IDENTIFY_INTERVAL: Duration = Duration::from_secs(6);

pub struct TestBot {
    pub bot: SmallD,
    pub sandbox: Sandbox,
    pub script: Script,
    pub record: Record,
    pub running: JoinHandle<Result<()>>,
    pub log: Log,
    /// Number of connections that the test has accepted.
    taken: usize,
}

impl TestBot {
    /// A bot that is about to connect and records every payload.
    pub async fn start() -> Self {
        Self::start_with(Handlers::new(), |builder| builder).await
    }

    /// Like `start`, with more handlers and with options.
    pub async fn start_with(handlers: Handlers, options: impl FnOnce(Builder) -> Builder) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        Self::start_on(sandbox, handlers, options)
    }

    /// Like `start_with`, against this sandbox.
    pub fn start_on(
        sandbox: Sandbox,
        handlers: Handlers,
        options: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        // From here on the clock stands still.
        let _ = sandbox.clock();
        let log = Log::capture();
        let script = sandbox.script();
        let record = Record::default();
        let handlers = record.of(handlers);
        let bot = options(builder(&sandbox))
            .handlers(handlers)
            .build()
            .unwrap();
        let running = tokio::spawn({
            let bot = bot.clone();
            async move { bot.run().await }
        });
        Self {
            bot,
            sandbox,
            script,
            record,
            running,
            log,
            taken: 0,
        }
    }

    /// Accepts the next connection, to either URL.
    pub async fn connection(&mut self) -> Connection {
        self.taken += 1;
        let connection = self.script.connection(TIMEOUT).await.expect("a connection");
        assert!(is_target(connection.target()), "{}", connection.target());
        connection
    }

    /// Accepts a connection to the general URL, sends HELLO and expects IDENTIFY.
    pub async fn identifying(&mut self, interval: Duration) -> Connection {
        let mut connection = self.connection().await;
        assert!(!connection.to_resume_url());
        connection.hello(interval).await;
        let identify = connection.payload(TIMEOUT).await.expect("IDENTIFY");
        assert_eq!(identify["op"], 2, "{identify}");
        assert_eq!(identify["d"]["token"], self.sandbox.token());
        connection
    }

    /// Accepts a connection, starts a session and dispatches an event with number 42.
    pub async fn ready(&mut self) -> Connection {
        self.ready_with_interval(HEARTBEAT_INTERVAL).await
    }

    pub async fn ready_with_interval(&mut self, interval: Duration) -> Connection {
        let mut connection = self.identifying(interval).await;
        connection.answer_heartbeats(true);
        connection.ready("sid", 1).await;
        connection.event(42).await;
        self.record.wait_for(42).await;
        connection
    }

    /// Accepts a connection to the resume URL, sends HELLO and expects RESUME from this number.
    pub async fn resuming(&mut self, seq: u64) -> Connection {
        let mut connection = self.connection().await;
        assert!(connection.to_resume_url());
        self.resume_on(&mut connection, seq).await;
        connection
    }

    pub async fn resume_on(&self, connection: &mut Connection, seq: u64) {
        connection.hello(HEARTBEAT_INTERVAL).await;
        let resume = connection.payload(TIMEOUT).await.expect("RESUME");
        assert_eq!(resume["op"], 6, "{resume}");
        let (token, d) = (self.sandbox.token(), &resume["d"]);
        assert_eq!(
            *d,
            smalld::json!({ "token": token, "session_id": "sid", "seq": seq })
        );
    }

    /// Resumes the session from 42, and checks that the bot sends nothing else and makes no other
    /// connection.
    pub async fn resumes(&mut self) -> Connection {
        let mut connection = self.resuming(42).await;
        connection.answer_heartbeats(true);
        connection.resumed(43).await;
        self.record.wait_for(43).await;
        assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
        assert!(self.has_no_other_connection());
        connection
    }

    /// Starts a new session, and checks that the bot sends nothing else and makes no other
    /// connection.
    pub async fn starts_new_session(&mut self) -> Connection {
        let mut connection = self.identifying(HEARTBEAT_INTERVAL).await;
        connection.answer_heartbeats(true);
        connection.ready("another", 1).await;
        assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
        assert!(self.has_no_other_connection());
        connection
    }

    /// Advances the clock, which stands still otherwise, at once: the test is the server and answers
    /// nothing meanwhile.
    pub async fn advance(&self, time: Duration) {
        self.sandbox.clock().jump(time).await;
    }

    /// Waits until the bot has lost its connections, and advances the clock past its wait.
    pub async fn pass_backoff(&self, time: Duration) {
        self.wait_for_disconnects(self.taken).await;
        self.advance(time).await;
    }

    /// Waits until this many connections have ended, including failed ones.
    pub async fn wait_for_disconnects(&self, times: usize) {
        until(|| self.log.lines("connection ended").len() >= times).await;
    }

    /// Whether every connection has been accepted by the test.
    pub fn has_no_other_connection(&self) -> bool {
        self.sandbox.connections() == self.taken
    }

    /// Closes the bot, and checks that it sends a close frame and that `run` returns.
    pub async fn close(mut self, mut connection: Connection) {
        self.bot.close();
        assert_eq!(close_code(&mut connection).await, Some(1000));
        assert_eq!(connection.receive(TIMEOUT).await, Received::Gone);
        assert!(self.has_no_other_connection());
        self.ended().await.unwrap();
    }

    /// Waits for the result of `run`.
    pub async fn ended(&mut self) -> Result<()> {
        timeout(TIMEOUT, &mut self.running)
            .await
            .expect("`run` returns in time")
            .expect("no panic")
    }
}

/// Yields until a condition holds. Limited by real time, whatever the clock says.
pub async fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < TIMEOUT, "not in time");
        yield_now().await;
    }
}

/// Whether these are the right path and query. They may ask for compression.
fn is_target(target: &str) -> bool {
    let rest = target.strip_prefix("/?v=10&encoding=json");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("&compress="))
}

/// Returns the code of the next close frame; heartbeats may precede it.
pub async fn close_code(connection: &mut Connection) -> Option<u16> {
    loop {
        match connection.receive(TIMEOUT).await {
            Received::Payload(payload) if payload["op"] == 1 => {}
            Received::Close(code) => return code,
            other => panic!("expected a close frame, got {other:?}"),
        }
    }
}

/// Checks that the bot closes the connection with a code that keeps its session.
pub async fn bot_leaves(mut connection: Connection) {
    assert_eq!(close_code(&mut connection).await, Some(4900));
    assert_eq!(connection.receive(TIMEOUT).await, Received::Gone);
}

/// Advances the clock by this many seconds while the connection only acknowledges heartbeats.
pub async fn acknowledge_for(test: &TestBot, connection: &mut Connection, seconds: u32) {
    connection.answer_heartbeats(true);
    for _ in 0..seconds {
        test.advance(Duration::from_secs(1)).await;
        for sent in sent_so_far(connection).await {
            assert_eq!(sent["op"], 1, "{sent}");
        }
    }
}

/// Returns what the bot has sent so far. It has read everything that was sent to it by then.
pub async fn sent_so_far(connection: &mut Connection) -> Vec<Json> {
    let mut all = until_pong(connection).await;
    if !all.is_empty() {
        // The bot may have answered to what it read.
        all.extend(until_pong(connection).await);
    }
    all
}

async fn until_pong(connection: &mut Connection) -> Vec<Json> {
    let mut all = Vec::new();
    connection.ping("now").await;
    loop {
        match connection.receive(TIMEOUT).await {
            Received::Pong(_) => return all,
            Received::Payload(payload) => all.push(payload),
            other => panic!("expected a pong, got {other:?}"),
        }
    }
}

/// Payloads that the handlers received, in order.
#[derive(Clone)]
pub struct Record(watch::Sender<Vec<Json>>);

impl Default for Record {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl Record {
    fn of(&self, handlers: Handlers) -> Handlers {
        let record = self.0.clone();
        handlers.on_gateway_payload(move |_, payload: Payload| {
            let whole = serde_json::from_str(payload.text());
            record.send_modify(|all| all.extend(whole));
            async {}
        })
    }

    pub fn all(&self) -> Vec<Json> {
        self.0.borrow().clone()
    }

    /// Names and numbers of the dispatches so far.
    pub fn dispatches(&self) -> Vec<(String, u64)> {
        let dispatches = self.all().into_iter().filter(|payload| payload["op"] == 0);
        dispatches
            .map(|payload| {
                let t = payload["t"].as_str().unwrap_or_default().to_owned();
                (t, payload["s"].as_u64().unwrap_or_default())
            })
            .collect()
    }

    /// Waits for a payload with this property.
    pub async fn wait(&self, is_so: impl Fn(&Json) -> bool) -> Json {
        let mut watching = self.0.subscribe();
        let found = watching.wait_for(|all| all.iter().any(&is_so));
        let all = timeout(TIMEOUT, found).await.expect("in time").unwrap();
        all.iter().find(|payload| is_so(payload)).unwrap().clone()
    }

    /// Waits for the dispatch with this number.
    pub async fn wait_for(&self, s: u64) -> Json {
        self.wait(|payload| payload["s"] == s).await
    }
}
