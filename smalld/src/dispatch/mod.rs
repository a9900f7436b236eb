//! Runs handlers: concurrently, bounded in number, each failure its own. It takes events from any
//! source and knows nothing of sockets.

mod condition;
mod description;
mod executor;
mod extract;
mod filter;
mod handler;
mod handler_error;
mod handlers;
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

pub use self::condition::{Condition, Scalar};
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
