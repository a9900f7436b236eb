//! What is done with a client, and what is measured meanwhile.
//!
//! Each scenario starts a server and a client, waits until all shards have identified, and ends by killing
//! the client.

mod flood;
mod idle;
mod ping;
mod rest;
mod start;

use std::io;
use std::str::FromStr;
use std::time::Duration;

use smalld_sandbox::traffic::Encoding;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Bytes;

use crate::load::client::{Client, Program};
use crate::load::options::Options;
use crate::load::scenario::flood::Flood;
use crate::load::scenario::idle::Idle;
use crate::load::scenario::ping::Ping;
use crate::load::server::{Action, ActionKind, Server, Settings};
use crate::load::table::Metric;

/// How long a client may take for any step.
const STEP_TIMEOUT: Duration = Duration::from_secs(120);
const KIB: f64 = 1024.0;
const MARKER_CONTENT: &str = "load: mark";

/// A kind of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    Flood,
    Ping,
    Rest,
    Idle,
    Start,
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "flood" => Ok(Self::Flood),
            "ping" => Ok(Self::Ping),
            "rest" => Ok(Self::Rest),
            "idle" => Ok(Self::Idle),
            "start" => Ok(Self::Start),
            _ => Err(format!("no scenario is called `{name}`")),
        }
    }
}

impl Scenario {
    /// What is measured, in the order of the values of [`Prepared::run`].
    pub(crate) fn metrics(self, options: &Options) -> Vec<Metric> {
        match self {
            Self::Flood => vec![
                Metric::compared("CPU per event, µs", 2),
                Metric::alone("thousand events per second", 0),
                Metric::alone("allocations per event", 2),
            ],
            Self::Ping => vec![
                Metric::compared("ping to pong, idle, p50, µs", 0),
                Metric::compared("idle, p99, µs", 0),
                Metric::compared("under load, p50, µs", 0),
                Metric::compared("under load, p99, µs", 0),
            ],
            Self::Rest => vec![
                Metric::compared("CPU per request, µs", 1),
                Metric::alone("thousand requests per second", 1),
            ],
            Self::Idle => idle_metrics(&options.shards),
            Self::Start => vec![
                Metric::compared("start to IDENTIFY, ms", 1),
                Metric::compared("start to the first event handled, ms", 1),
            ],
        }
    }

    pub(crate) fn prepare(self, options: &Options, encoding: Encoding) -> Prepared {
        match self {
            Self::Flood => {
                let flood = Flood::new(options.mix, encoding, options.events);
                Prepared::Flood(flood, options.shards[0])
            }
            Self::Ping => Prepared::Ping(Ping::new(options.pings)),
            Self::Rest => Prepared::Rest(encoding, options.requests),
            Self::Idle => {
                let idle = Idle::new(encoding, options.guilds);
                Prepared::Idle(idle, options.shards.clone())
            }
            Self::Start => Prepared::Start(encoding),
        }
    }
}

fn idle_metrics(shards: &[u32]) -> Vec<Metric> {
    let first = shards[0];
    let mut metrics = vec![
        Metric::alone(&format!("RSS with {first} idle shards, MiB"), 1),
        Metric::alone("threads", 0),
    ];
    for count in &shards[1..] {
        metrics.extend([
            Metric::compared(&format!("each further shard of {count}, KiB"), 0),
            Metric::alone(&format!("peak RSS with {count} shards, MiB"), 1),
            Metric::alone(&format!("threads with {count} shards"), 0),
        ]);
    }
    metrics
}

/// A scenario with everything that can be done before a client starts.
pub(crate) enum Prepared {
    Flood(Flood, u32),
    Ping(Ping),
    Rest(Encoding, u64),
    Idle(Idle, Vec<u32>),
    Start(Encoding),
}

impl Prepared {
    /// Measures a client. Returns a value for each metric.
    pub(crate) async fn run(&self, program: &Program) -> io::Result<Vec<Option<f64>>> {
        match self {
            Self::Flood(flood, shards) => {
                let sample = flood.run(program, *shards).await?;
                let per_second = Some(sample.events_per_second / 1e3);
                Ok(vec![Some(sample.cpu), per_second, sample.allocations])
            }
            Self::Ping(ping) => {
                let latencies = ping.run(program).await?;
                let values = latencies.map(|latency| [Some(latency.p50), Some(latency.p99)]);
                Ok(values.concat())
            }
            Self::Rest(encoding, requests) => {
                let (cpu, per_second) = rest::run(program, *encoding, *requests).await?;
                Ok(vec![Some(cpu), Some(per_second / 1e3)])
            }
            Self::Idle(idle, shards) => memory(idle, program, shards).await,
            Self::Start(encoding) => {
                let (identified, handled) = start::run(program, *encoding).await?;
                Ok(vec![Some(identified), Some(handled)])
            }
        }
    }
}

/// The memory with each number of shards; after the first, what each further shard takes.
async fn memory(idle: &Idle, program: &Program, shards: &[u32]) -> io::Result<Vec<Option<f64>>> {
    let first = idle.run(program, shards[0]).await?;
    let mut values = vec![first.resident / KIB, first.threads];
    for count in &shards[1..] {
        let memory = idle.run(program, *count).await?;
        let further = f64::from(*count) - f64::from(shards[0]);
        values.extend([
            (memory.resident - first.resident) / further,
            memory.peak / KIB,
            memory.threads,
        ]);
    }
    Ok(values.into_iter().map(Some).collect())
}

/// A client, its server, and the shards that have identified.
pub(crate) struct Run {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) shards: Vec<mpsc::Sender<Bytes>>,
}

impl Run {
    /// Starts both and waits until all shards have identified.
    pub(crate) async fn start(
        program: &Program,
        encoding: Encoding,
        shards: u32,
        report_posts: bool,
    ) -> io::Result<Self> {
        let mut run = Self::launch(program, encoding, shards, report_posts).await?;
        for _ in 0..shards {
            run.identified().await?;
        }
        Ok(run)
    }

    pub(crate) async fn launch(
        program: &Program,
        encoding: Encoding,
        shards: u32,
        report_posts: bool,
    ) -> io::Result<Self> {
        let server = Server::start(Settings {
            encoding,
            shards,
            report_posts,
        });
        let server = server.await?;
        let client = program.start(&server.base_url(), encoding, shards)?;
        Ok(Self {
            server,
            client,
            shards: Vec::new(),
        })
    }

    pub(crate) async fn identified(&mut self) -> io::Result<Action> {
        loop {
            let action = self.action("identify").await?;
            if let ActionKind::Identified(sender) = &action.kind {
                self.shards.push(sender.clone());
                return Ok(action);
            }
        }
    }

    /// Waits until all shards have answered a marker. Returns the sum of their allocations.
    pub(crate) async fn answered(&mut self) -> io::Result<(Action, Option<f64>)> {
        let mut left = self.shards.len();
        loop {
            let action = self.action("answer the marker").await?;
            if let ActionKind::Answered { allocations } = action.kind {
                left -= 1;
                if left == 0 {
                    return Ok((action, allocations));
                }
            }
        }
    }

    /// Waits for the next action. Fails if the client disconnects or ends.
    pub(crate) async fn action(&mut self, step: &str) -> io::Result<Action> {
        let failed = |why: &str| io::Error::other(format!("the client did not {step}: {why}"));
        let action = tokio::select! {
            action = timeout(STEP_TIMEOUT, self.server.action()) => action,
            error = self.client.ended() => return Err(failed(&error.to_string())),
        };
        let action = action.map_err(|_| failed("no answer in time"))?;
        match action {
            Some(Action {
                kind: ActionKind::Disconnected,
                ..
            }) => Err(failed("it disconnected")),
            Some(action) => Ok(action),
            None => Err(failed("the server is gone")),
        }
    }

    /// Waits until the client has made this many requests in total.
    pub(crate) async fn requests(&mut self, count: u64) -> io::Result<()> {
        let failed = |why: &str| io::Error::other(format!("the client made no requests: {why}"));
        tokio::select! {
            reached = timeout(STEP_TIMEOUT, self.server.requests(count)) => {
                reached.map_err(|_| failed("not enough in time"))
            }
            error = self.client.ended() => Err(failed(&error.to_string())),
        }
    }

    /// Sends the same bytes to all shards.
    pub(crate) async fn send(&self, bytes: &Bytes) -> io::Result<()> {
        for shard in &self.shards {
            let sent = shard.send(bytes.clone()).await;
            sent.map_err(|_| io::Error::other("a connection is gone"))?;
        }
        Ok(())
    }
}

/// A message that the client answers with a presence update once it has handled it.
pub(crate) fn marker(s: u64) -> String {
    message(s, MARKER_CONTENT)
}

/// A message, complete for libraries with models. `content` comes first, so that it is found at no cost.
pub(crate) fn message(s: u64, content: &str) -> String {
    format!(
        r#"{{"t":"MESSAGE_CREATE","s":{s},"op":0,"d":{{"content":"{content}","type":0,"tts":false,"timestamp":"2026-06-03T18:22:51.419000+00:00","pinned":false,"nonce":"1511797324513411171","mentions":[],"mention_roles":[],"mention_everyone":false,"member":{{"roles":["1074268628582531073"],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"2023-03-01T12:00:00.360000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null}},"id":"1511797328707715086","flags":0,"embeds":[],"edited_timestamp":null,"components":[],"channel_type":0,"channel_id":"1073894697992323077","author":{{"username":"juniper_fox","public_flags":0,"primary_guild":null,"id":"507906856321155077","global_name":"Juniper","discriminator":"0","avatar":"c4d3d79620058ca181b8c98e40880498"}},"attachments":[],"guild_id":"1073894693798019075"}}}}"#
    )
}

#[allow(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
