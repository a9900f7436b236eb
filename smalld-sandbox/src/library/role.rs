//! Roles, as a test names them.

/// A role of the guild; see [`Sandbox::role`](crate::Sandbox::role).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// The id, as in JSON.
    pub id: String,
    /// The name.
    pub name: String,
}
