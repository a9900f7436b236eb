//! Flags of a message, for its `flags`.
//!
//! See [Discord Docs/Message Flags](https://discord.com/developers/docs/resources/message#message-object-message-flags).
//!
//! ```
//! use smalld::constants::message_flag;
//! use smalld::json;
//!
//! let quiet = message_flag::SUPPRESS_EMBEDS | message_flag::SUPPRESS_NOTIFICATIONS;
//! let message = json!({ "content": "https://example.com", "flags": quiet });
//! # assert_eq!(message["flags"], 4100);
//! ```

/// The message has been published to the channels that follow this one.
pub const CROSSPOSTED: u64 = 1 << 0;
/// The message came from a channel that this one follows.
pub const IS_CROSSPOST: u64 = 1 << 1;
/// Embeds are not shown.
pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
/// The original of a crosspost has been deleted.
pub const SOURCE_MESSAGE_DELETED: u64 = 1 << 3;
/// The message is from Discord's urgent message system.
pub const URGENT: u64 = 1 << 4;
/// The message has a thread, with the same id.
pub const HAS_THREAD: u64 = 1 << 5;
/// Only the user who caused the interaction sees the message.
pub const EPHEMERAL: u64 = 1 << 6;
/// The message is the loading state of a deferred interaction.
pub const LOADING: u64 = 1 << 7;
/// Some roles were mentioned whose members could not be added to the thread.
pub const FAILED_TO_MENTION_SOME_ROLES_IN_THREAD: u64 = 1 << 8;
/// The message notifies nobody.
pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
/// The message is a voice message.
pub const IS_VOICE_MESSAGE: u64 = 1 << 13;
/// The message is a forward.
pub const HAS_SNAPSHOT: u64 = 1 << 14;
/// The message consists of components only, without content and embeds.
pub const IS_COMPONENTS_V2: u64 = 1 << 15;
