//! What a bot was built to run: its handlers and every option that matters only while it runs.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::bot::{Runner, Running, SmallD};
use crate::dispatch::Handlers;
use crate::error::Result;
use crate::gateway::Connect;
use crate::gateway::checkpoint::sessions::Sessions;
use crate::run::lifecycle;
use crate::run::requested_intents::Wanted;
use crate::token::Token;

pub(crate) struct Plan {
    pub(crate) token: Token,
    pub(crate) handlers: Handlers,
    pub(crate) intents: Wanted,
    pub(crate) identify: Map<String, Value>,
    pub(crate) connect: Connect,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) sessions: Option<Sessions>,
}

impl Runner for Plan {
    fn run<'a>(&'a self, bot: &'a SmallD) -> Running<'a> {
        Box::pin(lifecycle::run(bot, self))
    }

    fn run_blocking(&self, bot: &SmallD) -> Result<()> {
        lifecycle::run_blocking(bot, self)
    }
}
