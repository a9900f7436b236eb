//! Handlers of a bot, and the options that matter only while it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
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
    /// Sources other than the gateway; `None` after the first run that started them.
    pub(crate) sources: Mutex<Option<Vec<AnySource>>>,
    /// Whether signals stop the bot; `None` means yes under `run_blocking` and no under `run().await`.
    pub(crate) signals: Option<bool>,
    pub(crate) blocking_threads: Option<usize>,
}

impl Plan {
    /// Fails if the sources have run before.
    pub(super) fn check_sources(&self) -> Result<()> {
        match &*self.sources() {
            Some(_) => Ok(()),
            None => Err(has_run_before()),
        }
    }

    /// Takes the sources. Each runs once.
    pub(super) fn take_sources(&self) -> Result<Vec<AnySource>> {
        let mut sources = self.sources();
        let taken = sources.take().ok_or_else(has_run_before)?;
        if taken.is_empty() {
            // Without sources a bot may run again.
            *sources = Some(Vec::new());
        }
        Ok(taken)
    }

    /// Held for a few instructions only, never across an await.
    fn sources(&self) -> MutexGuard<'_, Option<Vec<AnySource>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_run_before() -> Error {
    Error::config(
        "this bot has run before, and its sources run only once: build another bot to run again",
    )
}
