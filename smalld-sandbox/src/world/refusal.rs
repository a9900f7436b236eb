//! Why the world refuses a change.

/// One reason, by Discord's name. The number is Discord's error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Refusal {
    /// A mistake in the field `message_reference`, which has no code of its own.
    UnknownReference = 0,
    UnknownApplication = 10_002,
    UnknownChannel = 10_003,
    UnknownGuild = 10_004,
    UnknownMember = 10_007,
    UnknownMessage = 10_008,
    UnknownUser = 10_013,
    UnknownEmoji = 10_014,
    UnknownWebhook = 10_015,
    UnknownInteraction = 10_062,
    UnknownCommand = 10_063,
    TooManyReactions = 30_010,
    TooManyCommands = 30_032,
    AlreadyAcknowledged = 40_060,
    MissingAccess = 50_001,
    NotInDirectMessages = 50_003,
    NotTheAuthor = 50_005,
    EmptyMessage = 50_006,
    InvalidWebhookToken = 50_027,
    InvalidRecipient = 50_033,
}

impl Refusal {
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::UnknownReference,
        Self::UnknownApplication,
        Self::UnknownChannel,
        Self::UnknownGuild,
        Self::UnknownMember,
        Self::UnknownMessage,
        Self::UnknownUser,
        Self::UnknownEmoji,
        Self::UnknownWebhook,
        Self::UnknownInteraction,
        Self::UnknownCommand,
        Self::TooManyReactions,
        Self::TooManyCommands,
        Self::AlreadyAcknowledged,
        Self::MissingAccess,
        Self::NotInDirectMessages,
        Self::NotTheAuthor,
        Self::EmptyMessage,
        Self::InvalidWebhookToken,
        Self::InvalidRecipient,
    ];

    pub(crate) fn code(self) -> u64 {
        u64::from(self as u32)
    }
}
