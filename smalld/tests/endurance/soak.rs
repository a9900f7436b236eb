//! Ten shards with random faults of every kind: after hundreds of disconnects every event has been
//! handled once, and no task or memory is left.
//!
//! The seed is printed; `SMALLD_TEST_SEED` sets it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::support::{builder, until};
use fastrand::Rng;
use smalld::gateway::Shards;
use smalld::handler::Handlers;
use smalld::{BoxError, Json, Payload, SmallD, json};
use smalld_sandbox::{Refusal, Sandbox};
use tokio::runtime::{self, Runtime};

const SHARDS: u32 = 10;
const ROUNDS: usize = 36;
const MIN_DISCONNECTS: usize = 300;
/// How many shards lose their session at the end.
const INVALIDATED_SHARDS: usize = 3;
/// No wait takes this long unless something is broken. A backoff may take some seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(500);
/// If a heartbeat is later, the sandbox closes with 4009, and a new session begins.
const MAX_HEARTBEAT_GAP: Duration = Duration::from_millis(1750);
/// What the runtime and the libraries may keep for later.
const MAX_BYTES_LEFT: i64 = 1 << 20;

#[test]
fn survives_faults_with_a_fixed_seed_and_leaves_no_memory() {
    let runtime = || runtime::Builder::new_current_thread().enable_all().build();
    // A first run, so that what is set up only once does not look like a leak.
    soak(&runtime().unwrap(), 1, 1);
    let memory = allocation_counter::measure(|| soak(&runtime().unwrap(), 2026, ROUNDS));
    let left = memory.bytes_current;
    println!(
        "{left} bytes are left, after a peak of {}",
        memory.bytes_max
    );
    assert!(left < MAX_BYTES_LEFT, "{left} bytes are left");
}

#[test]
fn survives_faults_with_a_random_seed() {
    let given = std::env::var("SMALLD_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build();
    soak(&runtime.unwrap(), seed, ROUNDS);
}

fn soak(runtime: &Runtime, seed: u64, rounds: usize) {
    // One at a time, or each would delay the other's heartbeats.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    println!("SMALLD_TEST_SEED={seed}");
    runtime.block_on(run(seed, rounds));
    let tasks = || runtime.metrics().num_alive_tasks();
    assert!(
        runtime.block_on(until(|| tasks() == 0)),
        "{} tasks are left",
        tasks()
    );
}

async fn run(seed: u64, rounds: usize) {
    let sandbox = Sandbox::builder()
        .shards(u64::from(SHARDS))
        .max_concurrency(u64::from(SHARDS))
        .heartbeat_interval(INTERVAL)
        .start();
    let sandbox = Arc::new(sandbox.await.unwrap());
    let handled = Handled::default();
    let bot = builder(&sandbox)
        .shards(Shards::Recommended)
        .handlers(handled.handlers())
        .build()
        .unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    let all = |sandbox: &Sandbox| sandbox.identifies() == SHARDS as usize;
    assert!(sandbox.wait_until(all, TIMEOUT).await);

    let trials = (0..SHARDS).map(|shard| Trial {
        sandbox: Arc::clone(&sandbox),
        handled: handled.clone(),
        chance: Rng::with_seed(seed.wrapping_add(u64::from(shard))),
        shard,
        sent: 0,
    });
    let trials = all_at_once(trials, move |trial| trial.disconnects(rounds)).await;
    // Some of these faults hit all shards. A damaged READY would cause another session and lose events
    // that no bot received, so sessions are only invalidated afterwards.
    let taken = trials.into_iter().take(if rounds < ROUNDS {
        0
    } else {
        INVALIDATED_SHARDS
    });
    all_at_once(taken, Trial::loses_its_session).await;

    let disconnects = sandbox.connections() - SHARDS as usize;
    let (identifies, gap) = (sandbox.identifies(), sandbox.longest_heartbeat_gap());
    println!(
        "{disconnects} disconnects, {identifies} sessions, the longest heartbeat after {gap:?}"
    );
    let least = MIN_DISCONNECTS * rounds / ROUNDS;
    assert!(disconnects >= least, "{disconnects} disconnects");
    assert_eq!(sandbox.too_early_identifies(), 0);
    assert!(!sandbox.token_was_reset());
    assert!(
        identifies <= SHARDS as usize + INVALIDATED_SHARDS,
        "{identifies}"
    );
    assert!(gap <= MAX_HEARTBEAT_GAP, "{gap:?}");
    let reconnects: u64 = bot.shards().map(|shard| shard.reconnects()).sum();
    assert!(reconnects >= least as u64, "{reconnects}");
    bot.close();
    running.await.unwrap().unwrap();
}

/// Runs a phase of all trials at once, and returns the trials.
async fn all_at_once<F>(
    trials: impl Iterator<Item = Trial>,
    phase: impl Fn(Trial) -> F,
) -> Vec<Trial>
where
    F: Future<Output = Trial> + Send + 'static,
{
    let phases: Vec<_> = trials.map(|trial| tokio::spawn(phase(trial))).collect();
    let mut through = Vec::new();
    for phase in phases {
        through.push(phase.await.unwrap());
    }
    through
}

/// The events that handlers received.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<Vec<Event>>>);

#[derive(Clone, Copy)]
struct Event {
    shard: u32,
    number: u64,
    replay: bool,
}

impl Handled {
    fn handlers(&self) -> Handlers {
        let handled = self.clone();
        Handlers::new().on("NUMBERED", move |_: SmallD, payload: Payload| {
            let handled = handled.clone();
            async move {
                let number = payload.json::<Json>()?["number"]
                    .as_u64()
                    .ok_or("a number")?;
                // Some end at once, others still run while the connection breaks.
                if number % 3 == 0 {
                    tokio::time::sleep(Duration::from_millis(number % 7)).await;
                }
                let (shard, _) = payload.shard().ok_or("a shard")?;
                let replay = payload.is_replay();
                let mut handled = handled.0.lock().map_err(|_| "poisoned")?;
                handled.push(Event {
                    shard,
                    number,
                    replay,
                });
                Ok::<(), BoxError>(())
            }
        })
    }

    fn of(&self, shard: u32) -> Vec<Event> {
        let handled = self.0.lock().unwrap();
        let of_shard = handled.iter().filter(|event| event.shard == shard);
        of_shard.copied().collect()
    }
}

/// The faults of one shard.
struct Trial {
    sandbox: Arc<Sandbox>,
    handled: Handled,
    chance: Rng,
    shard: u32,
    sent: u64,
}

impl Trial {
    fn shard(&self) -> smalld_sandbox::Shard<'_> {
        self.sandbox.shard(u64::from(self.shard))
    }

    fn send_some(&mut self) {
        for _ in 0..self.chance.u64(..8) {
            self.send();
        }
    }

    fn send(&mut self) {
        let event = json!({ "number": self.sent });
        self.shard().dispatch("NUMBERED", event);
        self.sent += 1;
    }

    async fn disconnects(mut self, rounds: usize) -> Self {
        for _ in 0..rounds {
            self.send_some();
            let before = self.shard().resumes();
            self.disconnect();
            self.send_some();
            let resumed = |_: &Sandbox| self.shard().resumes() > before;
            assert!(
                self.sandbox.wait_until(resumed, TIMEOUT).await,
                "shard {} does not reconnect",
                self.shard
            );
            if self.chance.u8(..4) == 0 {
                // In the middle of the replay.
                self.shard().cut();
            }
        }
        self.handles_everything().await;
        self
    }

    fn disconnect(&mut self) {
        let fault = self.chance.u8(..100);
        let (shard, sandbox) = (self.shard(), &self.sandbox);
        match fault {
            0..20 => shard.cut(),
            20..40 => shard.close(4000),
            40..50 => shard.close(1001),
            50..65 => shard.ask_reconnect(),
            65..80 => shard.send_raw(r#"{"op":0,"t":"X","s":5,"#),
            80..84 => shard.hang(),
            84..86 => shard.interrupt(true),
            86..90 => sandbox.corrupt_next(),
            90..93 => {
                sandbox.refuse_connections(Refusal::status(503), 1);
                shard.cut();
            }
            93..96 => {
                sandbox.refuse_connections(Refusal::dropped().at_resume_url(), 1);
                shard.cut();
            }
            96..98 => {
                sandbox.split_frames(if self.shard.is_multiple_of(2) { 1 } else { 3 });
                shard.close(4001);
            }
            _ => {
                sandbox.delay_acks(INTERVAL / 4 * (self.shard % 3));
                shard.ask_heartbeat();
                shard.cut();
            }
        }
        // Sends a frame, because the fault is in the next frame.
        self.shard().dispatch("UNWANTED", json!({}));
    }

    /// Waits until each event has been handled, none of them twice except for replays.
    async fn handles_everything(&self) {
        let numbers = || {
            let mut numbers: Vec<u64> = self
                .handled
                .of(self.shard)
                .iter()
                .map(|e| e.number)
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let all = until(|| numbers().len() as u64 >= self.sent).await;
        let numbers = numbers();
        assert!(
            all && numbers.iter().copied().eq(0..self.sent),
            "shard {} handled {numbers:?} of {}",
            self.shard,
            self.sent
        );
        let mut seen = std::collections::BTreeSet::new();
        for event in self.handled.of(self.shard) {
            assert!(
                seen.insert(event.number) || event.replay,
                "event {} of shard {} came twice without a replay",
                event.number,
                self.shard
            );
        }
    }

    /// After its session is gone the shard identifies again, after the wait that Discord asks for.
    async fn loses_its_session(mut self) -> Self {
        let before = self.shard().identifies();
        self.shard().interrupt(false);
        // If there is no connection at this moment, the resume is refused.
        self.shard().invalidate();
        let begun = |_: &Sandbox| self.shard().identifies() > before;
        assert!(
            self.sandbox.wait_until(begun, TIMEOUT).await,
            "shard {} does not start a new session",
            self.shard
        );
        // An event that is handled came after READY. If the connection broke earlier, the session would be lost.
        self.send();
        self.handles_everything().await;
        self.send_some();
        self.shard().cut();
        self.send_some();
        self.handles_everything().await;
        self
    }
}
