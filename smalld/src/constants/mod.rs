//! Names for numbers of Discord's API, so that a bot says `error_code::UNKNOWN_MEMBER` instead of
//! `10007`.
//!
//! They are plain integers, since smalld's requests and events are plain JSON. [`Intents`](crate::Intents) and
//! [`Permissions`](crate::Permissions) are sets and have types of their own.

pub mod callback_type;
pub mod error_code;
pub mod message_flag;
