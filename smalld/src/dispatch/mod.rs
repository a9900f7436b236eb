//! Handlers: what they are called for, what they are given, and how they run. It takes events from any
//! source and knows nothing of sockets.
//!
//! The path of an event:
//!
//! 1. `registration` and `handlers`: each annotated function left a record, which became a `handler`
//!    with its `trigger` at startup; closures come by `on`.
//! 2. `table`: finds the handlers that name the event; `filter` holds their `condition`s against the raw
//!    JSON. If no handler wants the event, it ends here.
//! 3. `executor`: takes a place for each handler, gets its turn from `ordered`, and polls it once where
//!    the event was read. `extract` takes the parameters from the event.
//! 4. `supervise`: a run that is not done by then is a task: it waits for its turn, or for one of the
//!    `threads` if it may block, and is called slow if it takes its time. `progress` tells the source.
//! 5. `outcome`: what it returned. A failure gets a `description`, becomes a `handler_error`, and goes to
//!    handlers of errors or to `report`.
//!
//! `polled` shows a watchdog which handler each thread is polling.

mod condition;
mod description;
mod executor;
mod extract;
mod filter;
mod handler;
mod handler_error;
mod handlers;
mod interaction;
mod label;
mod on;
mod ordered;
mod outcome;
mod polled;
mod progress;
mod registration;
mod report;
mod state;
mod supervise;
mod table;
mod threads;
mod trigger;

pub use self::condition::{Alternative, Condition, Scalar};
pub use self::extract::{
    FromBot, FromEvent, ViaEvent, check, check_from_bot, check_from_failure, extract,
    extract_from_bot, extract_from_failure,
};
pub use self::handler_error::HandlerError;
pub use self::handlers::Handlers;
pub use self::on::On;
pub use self::outcome::{Failure, Outcome, outcome};
pub use self::registration::Registration;
pub use self::state::State;
pub use self::trigger::{Call, EventTrigger, Field, Filter, Trigger};

pub(crate) use self::executor::Dispatcher;
pub(crate) use self::polled::{OngoingPoll, Polled};
