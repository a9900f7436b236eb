//! When a session ends by itself. Pure: events and times are arguments, and the result is what is
//! due next.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing may happen after the last line of stdin before the session ends.
const QUIET_PERIOD: Duration = Duration::from_secs(2);

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The bot wrote everything that was expected.
    Met,
    /// Stdin has ended, and nothing happens any more.
    Quiet,
    /// Stdin has ended, but the bot does not become quiet.
    Busy,
    /// The bot did not write everything that was expected in time.
    Unmet,
    /// The bot was not ready in time.
    NeverReady,
}

/// What does not change during a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) timeout: Duration,
    pub(super) ready_timeout: Duration,
    /// Whether the session ends when the bot has written what is expected, whatever stdin does.
    pub(super) expecting: bool,
    /// Whether the end of stdin stops the bot; not if bots are started by hand, one after another.
    pub(super) ends_with_input: bool,
    /// Whether somebody at a terminal can stop a bot that does not become ready.
    pub(super) watched: bool,
}

pub(super) struct Plan {
    rules: Rules,
    started: Instant,
    ready: Option<Instant>,
    input_ended: Option<Instant>,
    last_happening: Instant,
    met: bool,
}

impl Plan {
    pub(super) fn new(rules: Rules, now: Instant) -> Self {
        Self {
            rules,
            started: now,
            ready: None,
            input_ended: None,
            last_happening: now,
            met: false,
        }
    }

    /// Whether only somebody at a terminal ends the session.
    pub(super) fn waits_for_somebody(&self) -> bool {
        self.rules.watched && !self.rules.expecting
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    pub(super) fn ready(&mut self, now: Instant) {
        self.ready.get_or_insert(now);
    }

    pub(super) fn input_ended(&mut self, now: Instant) {
        self.input_ended.get_or_insert(now);
    }

    pub(super) fn happened(&mut self, now: Instant) {
        self.last_happening = now;
    }

    pub(super) fn met(&mut self) {
        self.met = self.rules.expecting;
    }

    /// When and why the session ends if nothing else happens; none if it does not end.
    pub(super) fn next(&self) -> Option<(Instant, End)> {
        let rules = self.rules;
        if self.met {
            return Some((self.started, End::Met));
        }
        let Some(ready) = self.ready else {
            let bounded = rules.expecting || rules.ends_with_input && !rules.watched;
            return bounded.then_some((self.started + rules.ready_timeout, End::NeverReady));
        };
        if rules.expecting {
            return Some((ready + rules.timeout, End::Unmet));
        }
        let last_word = self.input_ended.filter(|_| rules.ends_with_input)?;
        let quiet = self.last_happening.max(last_word) + QUIET_PERIOD;
        let busy = last_word + rules.timeout.max(QUIET_PERIOD);
        if quiet <= busy {
            Some((quiet, End::Quiet))
        } else {
            Some((busy, End::Busy))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPED: Rules = Rules {
        timeout: seconds(30),
        ready_timeout: seconds(600),
        expecting: false,
        ends_with_input: true,
        watched: false,
    };

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn piped_input_ends_after_two_quiet_seconds() {
        let start = Instant::now();
        let mut plan = Plan::new(PIPED, start);
        assert_eq!(plan.next(), Some((start + seconds(600), End::NeverReady)));
        plan.ready(start + seconds(100));
        assert_eq!(plan.next(), None);
        plan.input_ended(start + seconds(101));
        assert_eq!(plan.next(), Some((start + seconds(103), End::Quiet)));
        plan.happened(start + seconds(102));
        assert_eq!(plan.next(), Some((start + seconds(104), End::Quiet)));
    }

    #[test]
    fn a_bot_that_is_never_quiet_is_stopped_after_the_timeout() {
        let start = Instant::now();
        let mut plan = Plan::new(PIPED, start);
        plan.ready(start);
        plan.input_ended(start);
        plan.happened(start + seconds(29));
        assert_eq!(plan.next(), Some((start + seconds(30), End::Busy)));
    }

    #[test]
    fn the_timeout_for_expected_texts_starts_when_the_bot_is_ready() {
        let start = Instant::now();
        let rules = Rules {
            expecting: true,
            watched: true,
            ..PIPED
        };
        let mut plan = Plan::new(rules, start);
        assert_eq!(plan.next(), Some((start + seconds(600), End::NeverReady)));
        plan.ready(start + seconds(100));
        plan.input_ended(start + seconds(100));
        assert_eq!(plan.next(), Some((start + seconds(130), End::Unmet)));
        plan.met();
        assert_eq!(plan.next(), Some((start, End::Met)));
    }

    #[test]
    fn at_a_terminal_there_is_no_timeout() {
        let start = Instant::now();
        let rules = Rules {
            watched: true,
            ..PIPED
        };
        let mut plan = Plan::new(rules, start);
        assert_eq!(plan.next(), None);
        plan.ready(start);
        assert_eq!(plan.next(), None);
        // As by ctrl-d.
        plan.input_ended(start);
        assert!(plan.next().is_some());
    }

    #[test]
    fn a_bot_started_by_hand_is_not_ended_by_the_input() {
        let start = Instant::now();
        let rules = Rules {
            ends_with_input: false,
            ..PIPED
        };
        let mut plan = Plan::new(rules, start);
        plan.input_ended(start);
        assert_eq!(plan.next(), None);
        plan.ready(start);
        plan.met();
        assert_eq!(plan.next(), None);
    }
}
