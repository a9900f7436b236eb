//! Addresses of the gateway: the general one and the one for resuming.

/// The address that a bot connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// The one of `GET /gateway/bot`.
    General,
    /// The `resume_gateway_url` of READY.
    Resume,
}
