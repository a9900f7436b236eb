//! When to send a heartbeat, and when a missing acknowledgement means that the connection is dead.

use std::time::{Duration, Instant};

/// The heartbeats of one connection.
///
/// See [Discord Docs/Sending Heartbeats](https://discord.com/developers/docs/events/gateway#sending-heartbeats).
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    schedule: Option<Schedule>,
    acknowledged: bool,
    sent: Option<Instant>,
    paused: bool,
    /// Until then a missing acknowledgement is tolerated: it may be unread in the socket.
    grace: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Schedule {
    interval: Duration,
    next: Instant,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeartbeatAction {
    Nothing,
    Send,
    /// The last heartbeat was not acknowledged: close the connection and resume.
    Zombie,
}

impl Heartbeat {
    /// HELLO sets the interval. The first heartbeat is due after a random part of it (`random` is in
    /// `0.0..1.0`), so that many shards do not send theirs at once.
    pub(crate) fn hello(&mut self, interval: Duration, random: f64, now: Instant) {
        self.schedule = Some(Schedule {
            interval,
            next: now + interval.mul_f64(random),
        });
        self.acknowledged = true;
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.schedule.map(|schedule| schedule.next)
    }

    /// Called when time has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> HeartbeatAction {
        let Some(schedule) = &mut self.schedule else {
            return HeartbeatAction::Nothing;
        };
        if now < schedule.next {
            return HeartbeatAction::Nothing;
        }
        let tolerated = self.paused || self.grace.is_some_and(|grace| now < grace);
        if !self.acknowledged && !tolerated {
            return HeartbeatAction::Zombie;
        }
        // Counted from the last due time, so that no drift accumulates. After the machine was
        // suspended for long, one heartbeat is enough.
        schedule.next += schedule.interval;
        if schedule.next <= now {
            schedule.next = now + schedule.interval;
        }
        self.sending(now);
        HeartbeatAction::Send
    }

    /// Discord asked for a heartbeat, which is sent at once. The schedule does not change.
    pub(crate) fn requested(&mut self, now: Instant) {
        self.sending(now);
    }

    fn sending(&mut self, now: Instant) {
        self.acknowledged = false;
        self.sent = Some(now);
    }

    /// A heartbeat was acknowledged. Returns the latency, if it is known.
    pub(crate) fn acknowledge(&mut self, now: Instant) -> Option<Duration> {
        self.acknowledged = true;
        // While reading is paused, the acknowledgement may have been unread for long.
        self.sent
            .take()
            .filter(|_| !self.paused)
            .map(|sent| now - sent)
    }

    /// Reading pauses: acknowledgements stay unread from now on.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    /// Reading continues: one interval is granted to catch up.
    pub(crate) fn unpause(&mut self, now: Instant) {
        self.paused = false;
        self.grant_interval(now);
    }

    /// Tolerates a missing acknowledgement for one interval.
    pub(crate) fn grant_interval(&mut self, now: Instant) {
        self.grace = self.schedule.map(|schedule| now + schedule.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn started() -> (Heartbeat, Instant) {
        let (mut heartbeat, start) = (Heartbeat::default(), Instant::now());
        heartbeat.hello(SECOND, 0.5, start);
        (heartbeat, start)
    }

    #[test]
    fn case_a2_heartbeats_are_due_every_interval_without_drift() {
        let (mut heartbeat, start) = started();
        for beat in 0..5 {
            let early = start + SECOND * beat + SECOND / 4;
            let due = early + SECOND / 4;
            assert_eq!(heartbeat.due(), Some(due));
            assert_eq!(heartbeat.tick(early), HeartbeatAction::Nothing);
            assert_eq!(heartbeat.tick(due + SECOND / 100), HeartbeatAction::Send);
            heartbeat.acknowledge(due + SECOND / 50);
        }
    }

    #[test]
    fn case_a1_the_first_heartbeat_is_due_after_a_random_part_of_the_interval() {
        for quarter in 1..4 {
            let (mut heartbeat, start) = (Heartbeat::default(), Instant::now());
            heartbeat.hello(SECOND, f64::from(quarter) / 4.0, start);
            let early = start + SECOND * (250 * quarter - 1) / 1000;
            assert_eq!(heartbeat.tick(early), HeartbeatAction::Nothing);
            assert_eq!(heartbeat.tick(early + SECOND / 1000), HeartbeatAction::Send);
        }
    }

    #[test]
    fn case_a2_a_late_heartbeat_does_not_delay_the_next_one() {
        let (mut heartbeat, start) = started();
        assert_eq!(
            heartbeat.tick(start + SECOND * 9 / 10),
            HeartbeatAction::Send
        );
        assert_eq!(heartbeat.due(), Some(start + SECOND * 3 / 2));
    }

    #[test]
    fn case_b21_a_missing_acknowledgement_means_zombie_and_no_heartbeat_is_sent() {
        let (mut heartbeat, start) = started();
        for beat in [1, 3] {
            assert_eq!(
                heartbeat.tick(start + SECOND * beat / 2),
                HeartbeatAction::Send
            );
            heartbeat.acknowledge(start + SECOND * beat / 2 + SECOND / 10);
        }
        assert_eq!(
            heartbeat.tick(start + SECOND * 5 / 2),
            HeartbeatAction::Send
        );
        assert_eq!(
            heartbeat.tick(start + SECOND * 34 / 10),
            HeartbeatAction::Nothing
        );
        assert_eq!(
            heartbeat.tick(start + SECOND * 7 / 2),
            HeartbeatAction::Zombie
        );
    }

    #[test]
    fn case_c2_another_hello_replaces_the_interval() {
        let (mut heartbeat, start) = (Heartbeat::default(), Instant::now());
        heartbeat.hello(SECOND * 41, 0.5, start);
        heartbeat.hello(SECOND, 0.5, start);
        assert_eq!(heartbeat.tick(start + SECOND / 2), HeartbeatAction::Send);
        heartbeat.acknowledge(start + SECOND);
        assert_eq!(heartbeat.due(), Some(start + SECOND * 3 / 2));
    }

    #[test]
    fn case_a5_a_requested_heartbeat_does_not_change_the_schedule() {
        let (mut heartbeat, start) = started();
        assert_eq!(heartbeat.tick(start + SECOND / 2), HeartbeatAction::Send);
        heartbeat.acknowledge(start + SECOND * 6 / 10);
        heartbeat.requested(start + SECOND * 7 / 10);
        assert_eq!(heartbeat.due(), Some(start + SECOND * 3 / 2));
        heartbeat.acknowledge(start + SECOND * 8 / 10);
        assert_eq!(
            heartbeat.tick(start + SECOND * 3 / 2),
            HeartbeatAction::Send
        );
    }

    #[test]
    fn latency_is_the_time_from_a_heartbeat_to_its_acknowledgement() {
        let (mut heartbeat, start) = started();
        heartbeat.tick(start + SECOND / 2);
        assert_eq!(heartbeat.acknowledge(start + SECOND), Some(SECOND / 2));
    }

    #[test]
    fn a_pause_tolerates_missing_acknowledgements_and_then_grants_one_interval() {
        let (mut heartbeat, start) = started();
        heartbeat.tick(start + SECOND / 2);
        heartbeat.pause();
        assert_eq!(
            heartbeat.tick(start + SECOND * 3 / 2),
            HeartbeatAction::Send
        );
        assert_eq!(
            heartbeat.tick(start + SECOND * 5 / 2),
            HeartbeatAction::Send
        );
        heartbeat.unpause(start + SECOND * 3);
        assert_eq!(
            heartbeat.tick(start + SECOND * 7 / 2),
            HeartbeatAction::Send
        );
        assert_eq!(
            heartbeat.tick(start + SECOND * 9 / 2),
            HeartbeatAction::Zombie
        );
    }

    #[test]
    fn after_a_long_suspension_one_heartbeat_is_sent() {
        let (mut heartbeat, start) = started();
        assert_eq!(heartbeat.tick(start + SECOND * 100), HeartbeatAction::Send);
        heartbeat.acknowledge(start + SECOND * 100);
        assert_eq!(
            heartbeat.tick(start + SECOND * 100),
            HeartbeatAction::Nothing
        );
    }
}
