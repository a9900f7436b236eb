//! Types of answers to an interaction, for `type` of
//! `POST /interactions/{id}/{token}/callback`.
//!
//! See [Discord Docs/Interaction Callback Type](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type).

/// Answers a ping of Discord's, over HTTP only.
pub const PONG: u8 = 1;
/// Answers with a message.
pub const CHANNEL_MESSAGE_WITH_SOURCE: u8 = 4;
/// Answers that a message will follow; the user sees a loading state.
pub const DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE: u8 = 5;
/// Answers a component, whose message may be edited later; the user sees no loading state.
pub const DEFERRED_UPDATE_MESSAGE: u8 = 6;
/// Answers a component by editing its message.
pub const UPDATE_MESSAGE: u8 = 7;
/// Answers an autocomplete with choices.
pub const APPLICATION_COMMAND_AUTOCOMPLETE_RESULT: u8 = 8;
/// Answers with a modal.
pub const MODAL: u8 = 9;
/// Launches the application's activity.
pub const LAUNCH_ACTIVITY: u8 = 12;
