//! Handlers of a bot, and the options that matter only while it runs.

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
    /// Sources other than the gateway; `None` after the first run, which consumes them.
    pub(crate) sources: Mutex<Option<Vec<AnySource>>>,
    /// Whether signals stop the bot; `None` means yes under `run_blocking` and no under `run().await`.
    pub(crate) signals: Option<bool>,
    pub(crate) blocking_threads: Option<usize>,
}

impl Plan {
    /// Takes the sources. Each runs once.
    pub(super) fn take_sources(&self) -> Result<Vec<AnySource>> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.take() {
            Some(taken) if taken.is_empty() => {
                *sources = Some(Vec::new());
                Ok(taken)
            }
            Some(taken) => Ok(taken),
            None => Err(Error::config(
                "this bot has run before, and its sources run only once: build another bot to run again",
            )),
        }
    }
}
