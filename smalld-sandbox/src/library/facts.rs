//! What a test can look at of the gateway: connections, sessions, and how a bot keeps to its rules.

use std::time::{Duration, Instant};

use crate::gateway::target::Target;
use crate::library::sandbox::Sandbox;

/// What happened on the gateway. Those of [`shard`](Self::shard) tell of one shard alone.
impl Sandbox {
    /// How many gateway connections there have been so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.hub.look(|state| state.connections)
    }

    /// How many of [`connections`](Self::connections) came to the `resume_gateway_url` of READY.
    #[must_use]
    pub fn connections_to_resume_url(&self) -> usize {
        self.hub.look(|state| state.connections_to_resume_url)
    }

    /// How many gateway connections are open now, without those that hang.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.hub
            .look(|state| state.gateway.connections.count(Target::All))
    }

    /// How many sessions were begun so far.
    #[must_use]
    pub fn identifies(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(Target::All).identifies)
    }

    /// How often a session was resumed; a refused attempt does not count.
    #[must_use]
    pub fn resumes(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(Target::All).resumes)
    }

    /// How many IDENTIFYs came too soon after another and were answered by opcode 9; see
    /// [`Builder::identify_window`](crate::Builder::identify_window).
    #[must_use]
    pub fn too_early_identifies(&self) -> usize {
        self.hub.look(|state| state.gateway.too_early_identifies)
    }

    /// Every IDENTIFY with the right token and intents, whatever came of it: the id of its shard,
    /// and when it came. Oldest first; at most the newest 10,000. Under a paused clock of tokio the
    /// times are that clock's.
    #[must_use]
    pub fn identify_times(&self) -> Vec<(u64, Instant)> {
        self.hub.look(|state| {
            let times = state.gateway.identify_times.iter();
            times.map(|(shard, at)| (*shard, at.into_std())).collect()
        })
    }

    /// Whether a bot has begun more sessions than it may in a day, so that its token is void; see
    /// [`Builder::session_starts`](crate::Builder::session_starts).
    #[must_use]
    pub fn token_was_reset(&self) -> bool {
        self.hub.look(|state| state.gateway.token_was_reset)
    }

    /// The longest time between HELLO, or a heartbeat, and the next heartbeat, over all connections
    /// so far. What has not ended in a heartbeat does not count.
    #[must_use]
    pub fn longest_heartbeat_gap(&self) -> Duration {
        self.hub.look(|state| state.gateway.longest_heartbeat_gap)
    }

    /// The number of the newest dispatch to the newest session of this shard (0, if it has no
    /// shards). None if there is no session.
    #[must_use]
    pub fn last_seq(&self, shard: u64) -> Option<u64> {
        self.shard(shard).last_seq()
    }

    /// How many connections were refused before they were upgraded; they are not among
    /// [`connections`](Self::connections).
    #[must_use]
    pub fn refused_connections(&self) -> usize {
        self.hub.look(|state| state.refused_connections)
    }
}
