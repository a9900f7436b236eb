//! The rules of a gateway session. Pure: neither sockets nor clocks.

pub(crate) mod backoff;
pub(crate) mod close_code;
pub(crate) mod disconnect;
pub(crate) mod heartbeat;
pub(crate) mod outgoing_payload;
pub(crate) mod pace;
pub(crate) mod send_limit;
pub(crate) mod session;
pub(crate) mod session_starts;
pub(crate) mod start_budget;
