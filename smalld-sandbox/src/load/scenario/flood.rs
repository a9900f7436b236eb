//! Flood: as many events as the client takes, and what they cost it.

use std::io;
use std::time::Instant;

use smalld_sandbox::traffic::{Encoder, Encoding, Mix, Traffic};
use tokio_tungstenite::tungstenite::Bytes;

use super::{Run, marker};
use crate::load::client::Program;

/// The share of events that comes before the measured ones: one in this many.
const WARM_UP: usize = 10;
/// READY has the sequence number 1.
const FIRST: u64 = 2;

/// Events for one shard, encoded in advance.
pub(crate) struct Flood {
    encoding: Encoding,
    events: usize,
    warm_up: Bytes,
    measured: Bytes,
}

/// What one run measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// CPU time per event in microseconds.
    pub(crate) cpu: f64,
    pub(crate) events_per_second: f64,
    /// Per event, if the client counts them.
    pub(crate) allocations: Option<f64>,
}

impl Flood {
    /// Encodes this number of events, and a tenth more to warm up.
    pub(crate) fn new(mix: Mix, encoding: Encoding, events: usize) -> Self {
        let mut traffic = Traffic::new(7);
        let warm_up = events.div_ceil(WARM_UP);
        let mut s = FIRST;
        let mut texts = Vec::with_capacity(events + warm_up + 2);
        for count in [warm_up, events] {
            for _ in 0..count {
                texts.push(traffic.event(mix, s));
                s += 1;
            }
            texts.push(marker(s));
            s += 1;
        }
        let encoder = Encoder::new(encoding);
        let (bytes, ends) = encoder.stream(texts.iter().map(String::as_str));
        let bytes = Bytes::from(bytes);
        Self {
            encoding,
            events,
            warm_up: bytes.slice(..ends[warm_up]),
            measured: bytes.slice(ends[warm_up]..),
        }
    }

    /// Floods a new process of the client, with all events on each of its shards.
    pub(crate) async fn run(&self, program: &Program, shards: u32) -> io::Result<Sample> {
        let mut run = Run::start(program, self.encoding, shards, false).await?;
        run.send(&self.warm_up).await?;
        let (_, allocations_before) = run.answered().await?;
        let cpu_before = run.client.at_rest().await?;
        let begun = Instant::now();
        run.send(&self.measured).await?;
        let (last, allocations) = run.answered().await?;
        let cpu = run.client.at_rest().await?.saturating_sub(cpu_before);
        let events = super::float(self.events as u64) * f64::from(shards);
        let count = |(after, before): (f64, f64)| (after - before) / events;
        Ok(Sample {
            cpu: cpu.as_secs_f64() * 1e6 / events,
            events_per_second: events / (last.at - begun).as_secs_f64(),
            allocations: allocations.zip(allocations_before).map(count),
        })
    }
}
