//! Runs handlers: concurrently, bounded in number, each failure its own. It takes events from any
//! source and knows nothing of sockets.

mod executor;
mod extract;
mod filter;
mod handler;
mod handler_error;
mod ordered;
mod outcome;
mod registration;
mod report;
mod running;
mod supervise;
mod table;

pub use self::extract::{
    FromBot, FromEvent, State, ViaEvent, check, check_from_bot, check_with_failure, extract,
    extract_from_bot,
};
pub use self::handler::Handlers;
pub use self::handler_error::HandlerError;
pub use self::outcome::{Failure, Outcome, outcome};
pub use self::registration::{Call, Field, Filter, Kind, Registration, Scalar};

pub(crate) use self::executor::Dispatcher;
