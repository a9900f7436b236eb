//! Watchdog that reports handlers that block their thread.
//!
//! An async handler whose poll does not return (because of a deadlock, a busy loop or
//! `std::thread::sleep`) blocks its worker thread. The watchdog runs on the control thread, logs the
//! handler, and keeps the other workers awake: if the blocked worker is the one that waited for sockets
//! and timers, tokio lets no idle worker do so until a task is spawned. The watchdog spawns one at each
//! look, because tasks of the program, which it cannot see, may block, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};

use crate::dispatch::{Handlers, OngoingPoll, Polled};

/// How long other handlers may have to wait if one worker is blocked and the others are idle.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A poll that takes this long is reported. It is reported again after twice the time, and so on.
const FIRST_REPORT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Watches until it is dropped.
pub(super) async fn watch(polled: Polled, workers: Handle, handlers: Handlers) {
    let mut watchdog = Watchdog::default();
    let mut nudges = Nudges::new(workers);
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let now = Instant::now();
        for Blocked { handler, since } in watchdog.look(&polled.now(), now) {
            report(&handlers, handler, since);
        }
        if nudges.nudge(now) {
            tracing::error!(target: "smalld", "all worker threads are blocked, so no handler can run until one of them returns; heartbeats, saves and shutdown still work");
        }
    }
}

fn report(handlers: &Handlers, handler: u32, since: Duration) {
    let seconds = since.as_secs();
    let name = handlers.named(handler);
    let name = name.map_or_else(|| "a handler".to_owned(), |name| format!("handler {name}"));
    tracing::error!(target: "smalld", "{name} has blocked its thread for {seconds} s, but an async handler must not block: write it as a plain `fn`, or move the blocking call into `tokio::task::spawn_blocking`");
}

/// Decides which polls have taken too long and when to report each. Pure.
#[derive(Default)]
struct Watchdog(Vec<Lasting>);

struct Lasting {
    poll: OngoingPoll,
    since: Instant,
    report_after: Duration,
}

#[derive(Debug, PartialEq)]
struct Blocked {
    handler: u32,
    since: Duration,
}

impl Watchdog {
    /// Returns what is to be reported now.
    fn look(&mut self, ongoing: &[OngoingPoll], now: Instant) -> Vec<Blocked> {
        self.0.retain(|lasting| ongoing.contains(&lasting.poll));
        let mut reports = Vec::new();
        for lasting in &mut self.0 {
            let since = now.saturating_duration_since(lasting.since);
            if since >= lasting.report_after {
                reports.push(Blocked {
                    handler: lasting.poll.handler(),
                    since,
                });
                lasting.report_after = since + since.min(MAX_REPORT_INTERVAL);
            }
        }
        for &poll in ongoing {
            if !self.0.iter().any(|lasting| lasting.poll == poll) {
                self.0.push(Lasting {
                    poll,
                    since: now,
                    report_after: FIRST_REPORT_TIMEOUT,
                });
            }
        }
        reports
    }
}

/// Empty tasks that wake an idle worker. If such a task does not run, no worker is free.
struct Nudges {
    workers: Handle,
    ran: Arc<AtomicBool>,
    unanswered_since: Option<Instant>,
    reported: bool,
}

impl Nudges {
    fn new(workers: Handle) -> Self {
        Self {
            workers,
            ran: Arc::new(AtomicBool::new(true)),
            unanswered_since: None,
            reported: false,
        }
    }

    /// Spawns an empty task. Returns true once when no worker has run it for `FIRST_REPORT_TIMEOUT`.
    fn nudge(&mut self, now: Instant) -> bool {
        if self.ran.swap(false, Ordering::Relaxed) {
            self.unanswered_since = None;
            self.reported = false;
            let ran = Arc::clone(&self.ran);
            self.workers
                .spawn(async move { ran.store(true, Ordering::Relaxed) });
            return false;
        }
        let since = *self.unanswered_since.get_or_insert(now);
        let is_due = now.saturating_duration_since(since) >= FIRST_REPORT_TIMEOUT;
        is_due && !std::mem::replace(&mut self.reported, true)
    }
}
