//! The two addresses of the gateway.

/// The address to which a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// The one of `GET /gateway/bot`.
    General,
    /// The `resume_gateway_url` of READY.
    Resume,
}
