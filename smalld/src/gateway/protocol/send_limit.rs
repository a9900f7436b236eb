//! Rate limits of the payloads that a user sends on one connection.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::gateway::protocol::outgoing_payload::{OutgoingPayload, snowflake};

/// Beyond 120 payloads in 60 seconds, heartbeats included, Discord closes with 4008.
///
/// See [Discord Docs/Rate Limiting](https://discord.com/developers/docs/events/gateway#rate-limiting).
const MAX_PAYLOADS: u64 = 120;
const LIMIT_INTERVAL: Duration = Duration::from_secs(60);
/// Further presences (opcode 3) within 20 seconds are silently ignored by Discord.
const MAX_PRESENCES: usize = 5;
const PRESENCE_INTERVAL: Duration = Duration::from_secs(20);
/// Bound of the refusals that are remembered. Each lasts for about half a minute.
const MAX_REFUSALS: usize = 1_000;

/// Counts the user's payloads on one connection in sliding windows.
#[derive(Debug)]
pub(crate) struct SendLimit {
    all: SlidingWindow,
    presences: SlidingWindow,
}

impl SendLimit {
    /// Reserves the heartbeats of a minute, one more that Discord may request, and IDENTIFY or
    /// RESUME, which counts too.
    pub(crate) fn new(interval: Duration) -> Self {
        let minute = u64::try_from(LIMIT_INTERVAL.as_millis()).unwrap_or(u64::MAX);
        let interval = u64::try_from(interval.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let reserved = minute.div_ceil(interval) + 2;
        let max = usize::try_from(MAX_PAYLOADS.saturating_sub(reserved)).unwrap_or(0);
        Self {
            all: SlidingWindow::new(max.max(1), LIMIT_INTERVAL),
            presences: SlidingWindow::new(MAX_PRESENCES, PRESENCE_INTERVAL),
        }
    }

    /// Counts a payload. If a limit is reached, returns how long to wait.
    pub(crate) fn take(&mut self, payload: &OutgoingPayload, now: Instant) -> Result<(), Duration> {
        self.all.check(now)?;
        if payload.is_presence() {
            self.presences.check(now)?;
            self.presences.sent.push_back(now);
        }
        self.all.sent.push_back(now);
        Ok(())
    }
}

#[derive(Debug)]
struct SlidingWindow {
    sent: VecDeque<Instant>,
    max: usize,
    length: Duration,
}

impl SlidingWindow {
    fn new(max: usize, length: Duration) -> Self {
        Self {
            sent: VecDeque::with_capacity(max),
            max,
            length,
        }
    }

    fn check(&mut self, now: Instant) -> Result<(), Duration> {
        while self
            .sent
            .front()
            .is_some_and(|&sent| now >= sent + self.length)
        {
            self.sent.pop_front();
        }
        match self.sent.front() {
            Some(&oldest) if self.sent.len() >= self.max => Err(oldest + self.length - now),
            _ => Ok(()),
        }
    }
}

/// Requests that Discord refused with `RATE_LIMITED`, which it would refuse again before the wait is
/// over.
///
/// See [Discord Docs/Rate Limited](https://discord.com/developers/docs/events/gateway-events#rate-limited).
#[derive(Debug, Default)]
pub(crate) struct Refusals(VecDeque<Refusal>);

#[derive(Clone, Copy, Debug)]
struct Refusal {
    op: u64,
    guild: Option<u64>,
    until: Instant,
}

impl Refusals {
    /// Adds the `d` of a `RATE_LIMITED`. A malformed one is ignored.
    pub(crate) fn add(&mut self, d: &str, now: Instant) {
        #[derive(Deserialize)]
        struct RateLimited {
            opcode: u64,
            retry_after: f64,
            #[serde(default)]
            meta: Value,
        }
        let Ok(limited) = serde_json::from_str::<RateLimited>(d) else {
            return;
        };
        let Ok(retry_after) = Duration::try_from_secs_f64(limited.retry_after) else {
            return;
        };
        let Some(until) = now.checked_add(retry_after) else {
            return;
        };
        self.0.retain(|refusal| refusal.until > now);
        if self.0.len() >= MAX_REFUSALS {
            self.0.pop_front();
        }
        self.0.push_back(Refusal {
            op: limited.opcode,
            guild: snowflake(&limited.meta["guild_id"]),
            until,
        });
    }

    /// How long Discord would still refuse this payload.
    pub(crate) fn wait(&self, payload: &OutgoingPayload, now: Instant) -> Option<Duration> {
        let of_payload = |refusal: &&Refusal| {
            Some(refusal.op) == payload.op() && refusal.guild == payload.guild()
        };
        let until = self.0.iter().filter(of_payload).map(|r| r.until).max()?;
        until
            .checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(op: u64) -> OutgoingPayload {
        OutgoingPayload::new(&json!({ "op": op, "d": { "guild_id": "7" } })).unwrap()
    }

    #[test]
    fn case_f2_payloads_are_reserved_for_heartbeats() {
        let mut limit = SendLimit::new(Duration::from_millis(41_250));
        let (start, payload) = (Instant::now(), payload(4));
        let taken = (0..300).filter(|_| limit.take(&payload, start).is_ok());
        assert_eq!(taken.count(), 116);
        assert_eq!(
            limit.take(&payload, start + Duration::from_secs(20)),
            Err(Duration::from_secs(40))
        );
        assert_eq!(limit.take(&payload, start + LIMIT_INTERVAL), Ok(()));
    }

    #[test]
    fn case_f8_five_presences_are_sent_in_twenty_seconds() {
        let mut limit = SendLimit::new(Duration::from_millis(41_250));
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        for nth in 0..5 {
            assert_eq!(limit.take(&payload(3), start + second * nth), Ok(()));
        }
        let at = start + second * 5;
        assert_eq!(limit.take(&payload(3), at), Err(second * 15));
        assert_eq!(
            limit.take(&payload(4), at),
            Ok(()),
            "other payloads do not wait"
        );
        assert_eq!(limit.take(&payload(3), start + second * 20), Ok(()));
    }

    #[test]
    fn case_f6_a_request_that_discord_refused_is_refused_until_the_wait_is_over() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        refusals.add(
            r#"{"opcode":8,"retry_after":23.4,"meta":{"guild_id":"7","nonce":"a"}}"#,
            now,
        );
        let wait = Duration::from_secs_f64(23.4);
        assert_eq!(refusals.wait(&payload(8), now), Some(wait));
        assert_eq!(refusals.wait(&payload(4), now), None);
        let other = OutgoingPayload::new(&json!({ "op": 8, "d": { "guild_id": "8" } })).unwrap();
        assert_eq!(refusals.wait(&other, now), None);
        assert_eq!(refusals.wait(&payload(8), now + wait), None);
    }

    #[test]
    fn a_malformed_refusal_is_ignored() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        for d in [
            "null",
            r#"{"opcode":8}"#,
            r#"{"opcode":8,"retry_after":-1}"#,
            r#"{"opcode":8,"retry_after":1e300,"meta":{"guild_id":"7"}}"#,
        ] {
            refusals.add(d, now);
        }
        assert_eq!(refusals.wait(&payload(8), now), None);
    }

    #[test]
    fn case_f2_no_sixty_seconds_have_more_than_120_payloads() {
        let interval = Duration::from_millis(41_250);
        let (mut limit, start) = (SendLimit::new(interval), Instant::now());
        let second = |n: u64| start + Duration::from_secs(n);
        // IDENTIFY at the start, a heartbeat that Discord requests, and those that are due.
        let mut sent = vec![start, second(7)];
        sent.extend((0..5).map(|beat| start + interval * beat + interval / 2));
        for n in 0..180 {
            let taken = (0..5).filter(|_| limit.take(&payload(4), second(n)).is_ok());
            sent.extend(taken.map(|_| second(n)));
        }
        assert!(sent.len() > 300, "{}", sent.len());
        for &from in &sent {
            let window = from..from + LIMIT_INTERVAL;
            let count = sent.iter().filter(|at| window.contains(at)).count();
            assert!(count <= 120, "{count}");
        }
    }

    #[test]
    fn case_b10_each_connection_has_its_own_count() {
        let interval = Duration::from_millis(41_250);
        let (mut first, now) = (SendLimit::new(interval), Instant::now());
        while first.take(&payload(4), now).is_ok() {}
        assert_eq!(SendLimit::new(interval).take(&payload(4), now), Ok(()));
    }
}
