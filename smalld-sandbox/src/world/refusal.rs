//! Why the world refused a change. What number Discord has for it is the business of REST.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownChannel,
    UnknownGuild,
    UnknownMember,
    UnknownMessage,
    UnknownUser,
    UnknownEmoji,
    UnknownReference,
    EmptyMessage,
    NotTheAuthor,
    NotInDirectMessages,
    InvalidRecipient,
    TooManyReactions,
}
