//! Ping and pong: the time from a message to the client's request.

use std::io;
use std::time::{Duration, Instant};

use smalld_sandbox::traffic::{Encoder, Encoding, Mix, Traffic};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_tungstenite::tungstenite::Bytes;

use super::{Run, message};
use crate::load::client::Program;
use crate::load::server::ActionKind;

const WARM_UP: usize = 100;
/// The pause between a pong and the next ping, so that the client's threads are asleep.
const PAUSE: Duration = Duration::from_millis(2);
/// Under load, this many other events come each millisecond, mixed.
const EVENTS_PER_MILLISECOND: usize = 5;
const LOAD_BLOCKS: usize = 200;
const CONTENT: &str = "load: ping";

/// What is sent, encoded in advance. Without compression: pings come at times that nobody knows, so they
/// cannot be part of a stream that was prepared.
pub(crate) struct Ping {
    message: Bytes,
    load: Vec<Bytes>,
    pings: usize,
}

/// Median and 99th percentile in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Ping {
    pub(crate) fn new(pings: usize) -> Self {
        let (mut traffic, encoder) = (Traffic::new(7), Encoder::new(Encoding::Plain));
        let blocks = (0..LOAD_BLOCKS).map(|_| {
            let events = (0..EVENTS_PER_MILLISECOND).map(|_| traffic.event(Mix::Mixed, 2));
            let events: Vec<_> = events.collect();
            Bytes::from(encoder.stream(events.iter().map(String::as_str)).0)
        });
        Self {
            load: blocks.collect(),
            message: encoder.single(&message(2, CONTENT)).into(),
            pings,
        }
    }

    /// Latency of an idle client, and under load.
    pub(crate) async fn run(&self, program: &Program) -> io::Result<[Latency; 2]> {
        let mut run = Run::start(program, Encoding::Plain, 1, true).await?;
        self.latency(&mut run, WARM_UP).await?;
        let idle = self.latency(&mut run, self.pings).await?;
        let shard = run.shards[0].clone();
        let _load = Load::start(shard, self.load.clone());
        self.latency(&mut run, WARM_UP).await?;
        let loaded = self.latency(&mut run, self.pings).await?;
        Ok([idle, loaded])
    }

    async fn latency(&self, run: &mut Run, pings: usize) -> io::Result<Latency> {
        let mut times = Vec::with_capacity(pings);
        for _ in 0..pings {
            sleep(PAUSE).await;
            let sent = Instant::now();
            run.send(&self.message).await?;
            let posted = loop {
                let action = run.action("answer the ping").await?;
                if matches!(action.kind, ActionKind::Posted) {
                    break action.at;
                }
            };
            times.push(posted - sent);
        }
        times.sort_unstable();
        let at = |percent: usize| {
            let nth = times.len() * percent / 100;
            times
                .get(nth)
                .map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
        };
        Ok(Latency {
            p50: at(50),
            p99: at(99),
        })
    }
}

/// Traffic besides the pings, until it is dropped.
struct Load(AbortHandle);

impl Load {
    fn start(shard: mpsc::Sender<Bytes>, blocks: Vec<Bytes>) -> Self {
        let load = tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            for block in blocks.into_iter().cycle() {
                ticks.tick().await;
                if shard.send(block).await.is_err() {
                    return;
                }
            }
        });
        Self(load.abort_handle())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.abort();
    }
}
