//! Shards without traffic: how much memory each takes, once it has received its guilds.

use std::io;
use std::time::Duration;

use smalld_sandbox::traffic::{Encoder, Encoding, Traffic};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Bytes;

use super::{Run, marker};
use crate::load::client::{Memory, Program};

/// Members of each guild of the burst, whose text has about 75 kB.
const MEMBERS: usize = 100;
/// How long a client may take to give back what it does not need.
const SETTLE: Duration = Duration::from_secs(2);
/// READY has the sequence number 1.
const FIRST: u64 = 2;

/// What a shard receives at the start, encoded in advance.
pub(crate) struct Idle {
    encoding: Encoding,
    burst: Bytes,
}

impl Idle {
    /// A burst with this number of guilds.
    pub(crate) fn new(encoding: Encoding, guilds: usize) -> Self {
        let mut traffic = Traffic::new(7);
        let (mut s, mut texts) = (FIRST, Vec::new());
        for _ in 0..guilds {
            texts.push(traffic.guild(MEMBERS, s));
            s += 1;
        }
        texts.push(marker(s));
        let texts = texts.iter().map(String::as_str);
        let burst = Encoder::new(encoding).stream(texts).0.into();
        Self { encoding, burst }
    }

    /// The memory of a process with this number of shards.
    pub(crate) async fn run(&self, program: &Program, shards: u32) -> io::Result<Memory> {
        let mut run = Run::start(program, self.encoding, shards, false).await?;
        run.send(&self.burst).await?;
        run.answered().await?;
        run.client.at_rest().await?;
        sleep(SETTLE).await;
        run.client.memory()
    }
}
