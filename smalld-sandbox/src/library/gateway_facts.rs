//! What a test can read about the gateway: connections, sessions, and whether a bot keeps the
//! rules.

use std::time::{Duration, Instant};

use crate::gateway::target::Target;
use crate::library::sandbox::Sandbox;

/// What happened on the gateway, over all shards; [`shard`](Self::shard) has the same for one.
impl Sandbox {
    /// The number of gateway connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.hub.look(|state| state.connections)
    }

    /// The number of [`connections`](Self::connections) to the `resume_gateway_url` of READY.
    #[must_use]
    pub fn connections_to_resume_url(&self) -> usize {
        self.hub.look(|state| state.connections_to_resume_url)
    }

    /// The number of open gateway connections, without those that hang.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.hub
            .look(|state| state.gateway.connections.count(Target::All))
    }

    /// The number of sessions that were begun so far.
    #[must_use]
    pub fn identifies(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(Target::All).identifies)
    }

    /// The number of successful resumes so far.
    #[must_use]
    pub fn resumes(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(Target::All).resumes)
    }

    /// The number of IDENTIFYs that came too soon after another and were answered by opcode 9; see
    /// [`Builder::identify_window`](crate::Builder::identify_window).
    #[must_use]
    pub fn too_early_identifies(&self) -> usize {
        self.hub.look(|state| state.gateway.too_early_identifies)
    }

    /// Every IDENTIFY with the right token and intents, whatever its result: the id of its shard, and
    /// the time. Oldest first; at most the newest 10,000. The times are those of tokio's clock, also if
    /// it is paused.
    #[must_use]
    pub fn identify_times(&self) -> Vec<(u64, Instant)> {
        self.hub.look(|state| {
            let times = state.gateway.identify_times.iter();
            times.map(|(shard, at)| (*shard, at.into_std())).collect()
        })
    }

    /// Whether a bot has exceeded the day's session starts, so that its token is void; see
    /// [`Builder::session_starts`](crate::Builder::session_starts).
    #[must_use]
    pub fn token_was_reset(&self) -> bool {
        self.hub.look(|state| state.gateway.token_was_reset)
    }

    /// The longest time from HELLO or a heartbeat to the next heartbeat, over all connections so far.
    /// A time that has not ended in a heartbeat does not count.
    #[must_use]
    pub fn longest_heartbeat_gap(&self) -> Duration {
        self.hub.look(|state| state.gateway.longest_heartbeat_gap)
    }

    /// The sequence number of the newest dispatch to the newest session of this shard (0 without
    /// shards). None if there is no session.
    #[must_use]
    pub fn last_seq(&self, shard: u64) -> Option<u64> {
        self.shard(shard).last_seq()
    }

    /// The number of connections that were refused before they were upgraded.
    /// [`connections`](Self::connections) does not count them.
    #[must_use]
    pub fn refused_connections(&self) -> usize {
        self.hub.look(|state| state.refused_connections)
    }
}
