//! Why the world refuses a change.

/// One reason, by Discord's name. The number is Discord's error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Refusal {
    /// A mistake in the field `message_reference`, which has no code of its own.
    UnknownReference = 0,
    /// A mistake in the field `parent_id`, which has no code of its own.
    InvalidParent = 1,
    FullCategory = 2,
    UnknownApplication = 10_002,
    UnknownChannel = 10_003,
    UnknownGuild = 10_004,
    UnknownMember = 10_007,
    UnknownMessage = 10_008,
    UnknownOverwrite = 10_009,
    UnknownRole = 10_011,
    UnknownUser = 10_013,
    UnknownEmoji = 10_014,
    UnknownWebhook = 10_015,
    UnknownBan = 10_026,
    UnknownInteraction = 10_062,
    UnknownCommand = 10_063,
    TooManyGuilds = 30_001,
    TooManyRoles = 30_005,
    TooManyReactions = 30_010,
    TooManyChannels = 30_013,
    TooManyCommands = 30_032,
    TooManyOverwrites = 30_060,
    Banned = 40_007,
    AlreadyAcknowledged = 40_060,
    MissingAccess = 50_001,
    NotInDirectMessages = 50_003,
    NotTheAuthor = 50_005,
    EmptyMessage = 50_006,
    NotATextChannel = 50_008,
    MissingPermissions = 50_013,
    WrongChannelType = 50_024,
    InvalidWebhookToken = 50_027,
    InvalidRole = 50_028,
    InvalidRecipient = 50_033,
    NobodyBanned = 500_000,
}

impl Refusal {
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::UnknownReference,
        Self::InvalidParent,
        Self::FullCategory,
        Self::UnknownApplication,
        Self::UnknownChannel,
        Self::UnknownGuild,
        Self::UnknownMember,
        Self::UnknownMessage,
        Self::UnknownOverwrite,
        Self::UnknownRole,
        Self::UnknownUser,
        Self::UnknownEmoji,
        Self::UnknownWebhook,
        Self::UnknownBan,
        Self::UnknownInteraction,
        Self::UnknownCommand,
        Self::TooManyGuilds,
        Self::TooManyRoles,
        Self::TooManyReactions,
        Self::TooManyChannels,
        Self::TooManyCommands,
        Self::TooManyOverwrites,
        Self::Banned,
        Self::AlreadyAcknowledged,
        Self::MissingAccess,
        Self::NotInDirectMessages,
        Self::NotTheAuthor,
        Self::EmptyMessage,
        Self::NotATextChannel,
        Self::MissingPermissions,
        Self::WrongChannelType,
        Self::InvalidWebhookToken,
        Self::InvalidRole,
        Self::InvalidRecipient,
        Self::NobodyBanned,
    ];

    pub(crate) fn code(self) -> u64 {
        u64::from(self as u32)
    }
}
