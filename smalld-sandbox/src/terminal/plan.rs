//! When a session is over, if nobody ends it before. Pure: told what happened and when, it says
//! what is due next.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing must happen after the last line of stdin.
const QUIET: Duration = Duration::from_secs(2);

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All that was expected has been said.
    Met,
    /// There is nothing more to say, and nothing happens any more.
    Quiet,
    /// There is nothing more to say, but the bot goes on and on.
    Busy,
    /// Something expected was not said in time.
    Unmet,
    /// The bot was not ready in time.
    NeverReady,
}

/// What holds from the start to the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) timeout: Duration,
    pub(super) ready_timeout: Duration,
    /// Whether the session ends by what the bot says, whatever comes from stdin.
    pub(super) expecting: bool,
    /// Whether there is a bot to stop at the end of stdin; otherwise somebody starts one by hand,
    /// perhaps one after another.
    pub(super) ends_with_input: bool,
    /// Whether somebody is there to lose patience with a bot that does not become ready.
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

    /// Whether it goes on for as long as somebody at a terminal likes.
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

    /// How the session ends if nothing else happens, and when; none if it does not.
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
        let quiet = self.last_happening.max(last_word) + QUIET;
        let busy = last_word + rules.timeout.max(QUIET);
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
    fn piped_input_ends_with_two_quiet_seconds_after_its_last_word() {
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
    fn a_bot_that_is_never_quiet_is_stopped_at_last() {
        let start = Instant::now();
        let mut plan = Plan::new(PIPED, start);
        plan.ready(start);
        plan.input_ended(start);
        plan.happened(start + seconds(29));
        assert_eq!(plan.next(), Some((start + seconds(30), End::Busy)));
    }

    #[test]
    fn what_is_expected_has_its_time_from_when_the_bot_is_ready() {
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
    fn somebody_at_a_terminal_may_wait_as_long_as_they_like() {
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
