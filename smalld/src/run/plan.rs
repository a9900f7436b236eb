//! What a bot was built to run: its handlers, and every option that matters only while it runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::dispatch::Handlers;
use crate::error::{Error, Result};
use crate::event::source::AnySource;
use crate::gateway::Connect;
use crate::gateway::checkpoint::sessions::Sessions;
use crate::run::requested_intents::RequestedIntents;
use crate::token::Token;

pub(crate) struct Plan {
    pub(crate) token: Token,
    pub(crate) handlers: Handlers,
    pub(crate) intents: RequestedIntents,
    pub(crate) identify: Map<String, Value>,
    pub(crate) connect: Connect,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) sessions: Option<Sessions>,
    /// Sources besides the gateway; `None` after the first run, which has used them.
    pub(crate) sources: Mutex<Option<Vec<AnySource>>>,
    /// Whether signals stop the bot; `None` leaves it to the way in which it is run.
    pub(crate) signals: Option<bool>,
    pub(crate) blocking_threads: Option<usize>,
}

impl Plan {
    /// The sources, which run once.
    pub(super) fn take_sources(&self) -> Result<Vec<AnySource>> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.take() {
            Some(taken) if taken.is_empty() => {
                *sources = Some(Vec::new());
                Ok(taken)
            }
            Some(taken) => Ok(taken),
            None => Err(Error::config(
                "this bot has run, and its sources with it; build another one to run it again",
            )),
        }
    }
}
