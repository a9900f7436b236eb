//! Discord's JSON error codes, as [`HttpError::code`](crate::error::HttpError::code) has them.
//!
//! These are the codes that a bot may want to treat specially. Discord adds new ones at any time, so
//! compare with those that you know and report the rest.
//!
//! See [Discord Docs/JSON Error Codes](https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes).
//!
//! ```
//! use smalld::constants::error_code;
//! use smalld::{Error, Json, SmallD, path};
//!
//! /// The member, or `None` if the user has left the guild.
//! async fn member(bot: &SmallD, guild: &str, user: &str) -> smalld::Result<Option<Json>> {
//!     match bot.get(path!("/guilds/{guild}/members/{user}")).await {
//!         Ok(member) => Ok(Some(member)),
//!         Err(Error::Http(error)) if error.code == Some(error_code::UNKNOWN_MEMBER) => Ok(None),
//!         Err(error) => Err(error),
//!     }
//! }
//! ```

/// General error, such as a malformed request or an unknown route.
pub const GENERAL_ERROR: u64 = 0;
/// Unknown account.
pub const UNKNOWN_ACCOUNT: u64 = 10_001;
/// Unknown application.
pub const UNKNOWN_APPLICATION: u64 = 10_002;
/// Unknown channel.
pub const UNKNOWN_CHANNEL: u64 = 10_003;
/// Unknown guild.
pub const UNKNOWN_GUILD: u64 = 10_004;
/// Unknown integration.
pub const UNKNOWN_INTEGRATION: u64 = 10_005;
/// Unknown invite.
pub const UNKNOWN_INVITE: u64 = 10_006;
/// Unknown member.
pub const UNKNOWN_MEMBER: u64 = 10_007;
/// Unknown message.
pub const UNKNOWN_MESSAGE: u64 = 10_008;
/// Unknown permission overwrite.
pub const UNKNOWN_PERMISSION_OVERWRITE: u64 = 10_009;
/// Unknown provider.
pub const UNKNOWN_PROVIDER: u64 = 10_010;
/// Unknown role.
pub const UNKNOWN_ROLE: u64 = 10_011;
/// Unknown token.
pub const UNKNOWN_TOKEN: u64 = 10_012;
/// Unknown user.
pub const UNKNOWN_USER: u64 = 10_013;
/// Unknown emoji, or one that is not percent-encoded in the path.
pub const UNKNOWN_EMOJI: u64 = 10_014;
/// Unknown webhook, or an interaction that has ended or is not answered yet.
pub const UNKNOWN_WEBHOOK: u64 = 10_015;
/// Unknown webhook service.
pub const UNKNOWN_WEBHOOK_SERVICE: u64 = 10_016;
/// Unknown session.
pub const UNKNOWN_SESSION: u64 = 10_020;
/// Unknown asset.
pub const UNKNOWN_ASSET: u64 = 10_021;
/// Unknown ban.
pub const UNKNOWN_BAN: u64 = 10_026;
/// Unknown SKU.
pub const UNKNOWN_SKU: u64 = 10_027;
/// Unknown entitlement.
pub const UNKNOWN_ENTITLEMENT: u64 = 10_029;
/// Unknown guild template.
pub const UNKNOWN_GUILD_TEMPLATE: u64 = 10_057;
/// Unknown sticker.
pub const UNKNOWN_STICKER: u64 = 10_060;
/// Unknown sticker pack.
pub const UNKNOWN_STICKER_PACK: u64 = 10_061;
/// Unknown interaction: it was not answered within 3 seconds.
pub const UNKNOWN_INTERACTION: u64 = 10_062;
/// Unknown application command.
pub const UNKNOWN_APPLICATION_COMMAND: u64 = 10_063;
/// Unknown voice state.
pub const UNKNOWN_VOICE_STATE: u64 = 10_065;
/// Unknown application command permissions.
pub const UNKNOWN_APPLICATION_COMMAND_PERMISSIONS: u64 = 10_066;
/// Unknown stage instance.
pub const UNKNOWN_STAGE_INSTANCE: u64 = 10_067;
/// Unknown guild member verification form.
pub const UNKNOWN_GUILD_MEMBER_VERIFICATION_FORM: u64 = 10_068;
/// Unknown guild welcome screen.
pub const UNKNOWN_GUILD_WELCOME_SCREEN: u64 = 10_069;
/// Unknown guild scheduled event.
pub const UNKNOWN_GUILD_SCHEDULED_EVENT: u64 = 10_070;
/// Unknown guild scheduled event user.
pub const UNKNOWN_GUILD_SCHEDULED_EVENT_USER: u64 = 10_071;
/// Unknown tag.
pub const UNKNOWN_TAG: u64 = 10_087;
/// Unknown sound.
pub const UNKNOWN_SOUND: u64 = 10_097;
/// Bots cannot use this endpoint.
pub const BOTS_CANNOT_USE_THIS_ENDPOINT: u64 = 20_001;
/// Only bots can use this endpoint.
pub const ONLY_BOTS_CAN_USE_THIS_ENDPOINT: u64 = 20_002;
/// Explicit content cannot be sent to this recipient.
pub const EXPLICIT_CONTENT: u64 = 20_009;
/// The action on this application is not authorized.
pub const NOT_AUTHORIZED_FOR_APPLICATION: u64 = 20_012;
/// Slowmode does not allow the action yet.
pub const SLOWMODE: u64 = 20_016;
/// Only the owner of the account may do this.
pub const ONLY_THE_OWNER: u64 = 20_018;
/// The message cannot be edited because of the limits of announcements.
pub const ANNOUNCEMENT_EDIT_LIMIT: u64 = 20_022;
/// The account is under the minimum age.
pub const UNDER_MINIMUM_AGE: u64 = 20_024;
/// The channel has reached its limit of writes.
pub const CHANNEL_WRITE_LIMIT: u64 = 20_028;
/// The server has reached its limit of writes.
pub const SERVER_WRITE_LIMIT: u64 = 20_029;
/// The name or topic contains words that are not allowed.
pub const FORBIDDEN_WORDS: u64 = 20_031;
/// The guild's premium level is too low.
pub const PREMIUM_LEVEL_TOO_LOW: u64 = 20_035;
/// Maximum number of guilds.
pub const MAX_GUILDS: u64 = 30_001;
/// Maximum number of pins in the channel.
pub const MAX_PINS: u64 = 30_003;
/// Maximum number of recipients.
pub const MAX_RECIPIENTS: u64 = 30_004;
/// Maximum number of roles in the guild.
pub const MAX_ROLES: u64 = 30_005;
/// Maximum number of webhooks in the channel.
pub const MAX_WEBHOOKS: u64 = 30_007;
/// Maximum number of emojis.
pub const MAX_EMOJIS: u64 = 30_008;
/// Maximum number of reactions on the message.
pub const MAX_REACTIONS: u64 = 30_010;
/// Maximum number of group direct messages.
pub const MAX_GROUP_DMS: u64 = 30_011;
/// Maximum number of channels in the guild.
pub const MAX_CHANNELS: u64 = 30_013;
/// Maximum number of attachments in a message.
pub const MAX_ATTACHMENTS: u64 = 30_015;
/// Maximum number of invites.
pub const MAX_INVITES: u64 = 30_016;
/// Maximum number of animated emojis.
pub const MAX_ANIMATED_EMOJIS: u64 = 30_018;
/// Maximum number of members in the guild.
pub const MAX_MEMBERS: u64 = 30_019;
/// Maximum number of server categories.
pub const MAX_SERVER_CATEGORIES: u64 = 30_030;
/// The guild already has a template.
pub const GUILD_ALREADY_HAS_TEMPLATE: u64 = 30_031;
/// Maximum number of application commands.
pub const MAX_APPLICATION_COMMANDS: u64 = 30_032;
/// Maximum number of members of the thread.
pub const MAX_THREAD_PARTICIPANTS: u64 = 30_033;
/// Maximum number of application commands created in a day.
pub const MAX_DAILY_COMMAND_CREATES: u64 = 30_034;
/// Maximum number of bans of users who are not members.
pub const MAX_BANS_OF_NON_MEMBERS: u64 = 30_035;
/// Maximum number of requests for bans.
pub const MAX_BAN_FETCHES: u64 = 30_037;
/// Maximum number of scheduled events that are not completed.
pub const MAX_SCHEDULED_EVENTS: u64 = 30_038;
/// Maximum number of stickers.
pub const MAX_STICKERS: u64 = 30_039;
/// Maximum number of prune requests.
pub const MAX_PRUNE_REQUESTS: u64 = 30_040;
/// Maximum number of updates of the guild's widget.
pub const MAX_WIDGET_UPDATES: u64 = 30_042;
/// Maximum number of soundboard sounds.
pub const MAX_SOUNDBOARD_SOUNDS: u64 = 30_045;
/// Maximum number of edits to messages older than an hour.
pub const MAX_EDITS_OF_OLD_MESSAGES: u64 = 30_046;
/// Maximum number of pinned threads in a forum channel.
pub const MAX_PINNED_THREADS: u64 = 30_047;
/// Maximum number of tags in a forum channel.
pub const MAX_FORUM_TAGS: u64 = 30_048;
/// The bitrate is too high for a channel of this type.
pub const BITRATE_TOO_HIGH: u64 = 30_052;
/// Maximum number of premium emojis.
pub const MAX_PREMIUM_EMOJIS: u64 = 30_056;
/// Maximum number of webhooks in the guild.
pub const MAX_GUILD_WEBHOOKS: u64 = 30_058;
/// Maximum number of permission overwrites in the channel.
pub const MAX_PERMISSION_OVERWRITES: u64 = 30_060;
/// The channels of the guild are too large.
pub const CHANNELS_TOO_LARGE: u64 = 30_061;
/// Unauthorized: the token is wrong.
pub const UNAUTHORIZED: u64 = 40_001;
/// The account must be verified first.
pub const VERIFICATION_REQUIRED: u64 = 40_002;
/// Direct messages are opened too fast.
pub const OPENING_DIRECT_MESSAGES_TOO_FAST: u64 = 40_003;
/// Sending messages is temporarily disabled.
pub const SENDING_DISABLED: u64 = 40_004;
/// The request body is too large.
pub const REQUEST_TOO_LARGE: u64 = 40_005;
/// The feature is temporarily disabled.
pub const FEATURE_DISABLED: u64 = 40_006;
/// The user is banned from the guild.
pub const BANNED_FROM_GUILD: u64 = 40_007;
/// The connection has been revoked.
pub const CONNECTION_REVOKED: u64 = 40_012;
/// Only consumable SKUs can be consumed.
pub const ONLY_CONSUMABLE_SKUS: u64 = 40_018;
/// Only sandbox entitlements can be deleted.
pub const ONLY_SANDBOX_ENTITLEMENTS: u64 = 40_019;
/// The target user is not connected to voice.
pub const NOT_CONNECTED_TO_VOICE: u64 = 40_032;
/// The message has already been crossposted.
pub const ALREADY_CROSSPOSTED: u64 = 40_033;
/// An application command of that name already exists.
pub const COMMAND_NAME_EXISTS: u64 = 40_041;
/// The application interaction failed to send.
pub const INTERACTION_FAILED_TO_SEND: u64 = 40_043;
/// A message cannot be sent to a forum channel: create a post.
pub const CANNOT_SEND_IN_FORUM: u64 = 40_058;
/// The interaction has already been answered.
pub const INTERACTION_ALREADY_ACKNOWLEDGED: u64 = 40_060;
/// Tag names must be unique.
pub const TAG_NAMES_NOT_UNIQUE: u64 = 40_061;
/// The service's resource is rate limited.
pub const RESOURCE_RATE_LIMITED: u64 = 40_062;
/// There are no tags that non-moderators can set.
pub const NO_TAGS_FOR_NON_MODERATORS: u64 = 40_066;
/// A post in this forum channel needs a tag.
pub const TAG_REQUIRED: u64 = 40_067;
/// An entitlement has already been granted for this resource.
pub const ENTITLEMENT_ALREADY_GRANTED: u64 = 40_074;
/// The interaction has reached the maximum number of follow-up messages.
pub const MAX_FOLLOW_UPS: u64 = 40_094;
/// Cloudflare blocks the request, often because of its `User-Agent`.
pub const BLOCKED_BY_CLOUDFLARE: u64 = 40_333;
/// Missing access.
pub const MISSING_ACCESS: u64 = 50_001;
/// Invalid account type.
pub const INVALID_ACCOUNT_TYPE: u64 = 50_002;
/// The action cannot be executed on a direct message channel.
pub const CANNOT_EXECUTE_ON_DIRECT_MESSAGE: u64 = 50_003;
/// The guild's widget is disabled.
pub const WIDGET_DISABLED: u64 = 50_004;
/// A message of another user cannot be edited.
pub const CANNOT_EDIT_MESSAGE_OF_OTHERS: u64 = 50_005;
/// An empty message cannot be sent.
pub const EMPTY_MESSAGE: u64 = 50_006;
/// Messages cannot be sent to this user.
pub const CANNOT_SEND_TO_USER: u64 = 50_007;
/// Messages cannot be sent in a channel of this type.
pub const CANNOT_SEND_IN_CHANNEL: u64 = 50_008;
/// The channel's verification level is too high for the user.
pub const VERIFICATION_LEVEL_TOO_HIGH: u64 = 50_009;
/// The OAuth2 application has no bot.
pub const APPLICATION_HAS_NO_BOT: u64 = 50_010;
/// Maximum number of OAuth2 applications.
pub const MAX_APPLICATIONS: u64 = 50_011;
/// Invalid OAuth2 state.
pub const INVALID_OAUTH2_STATE: u64 = 50_012;
/// Missing permissions.
pub const MISSING_PERMISSIONS: u64 = 50_013;
/// Invalid authentication token.
pub const INVALID_AUTHENTICATION_TOKEN: u64 = 50_014;
/// The note is too long.
pub const NOTE_TOO_LONG: u64 = 50_015;
/// Too few or too many messages to delete: at least 2 and at most 100.
pub const INVALID_NUMBER_OF_MESSAGES: u64 = 50_016;
/// Invalid MFA level.
pub const INVALID_MFA_LEVEL: u64 = 50_017;
/// A message can only be pinned in its own channel.
pub const PINNED_IN_OTHER_CHANNEL: u64 = 50_019;
/// The invite code is invalid or taken.
pub const INVALID_INVITE_CODE: u64 = 50_020;
/// The action cannot be executed on a system message.
pub const CANNOT_EXECUTE_ON_SYSTEM_MESSAGE: u64 = 50_021;
/// The action cannot be executed on a channel of this type.
pub const CANNOT_EXECUTE_ON_CHANNEL_TYPE: u64 = 50_024;
/// Invalid OAuth2 access token.
pub const INVALID_OAUTH2_ACCESS_TOKEN: u64 = 50_025;
/// A required OAuth2 scope is missing.
pub const MISSING_OAUTH2_SCOPE: u64 = 50_026;
/// Invalid webhook token, or one of an interaction older than 15 minutes.
pub const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
/// Invalid role.
pub const INVALID_ROLE: u64 = 50_028;
/// Invalid recipients.
pub const INVALID_RECIPIENTS: u64 = 50_033;
/// A message is too old to be deleted in bulk.
pub const MESSAGE_TOO_OLD_TO_BULK_DELETE: u64 = 50_034;
/// Invalid payload; the error names the fields.
pub const INVALID_FORM_BODY: u64 = 50_035;
/// An invite was accepted to a guild that the bot is not in.
pub const INVITE_TO_GUILD_WITHOUT_BOT: u64 = 50_036;
/// Invalid API version.
pub const INVALID_API_VERSION: u64 = 50_041;
/// The uploaded file is too large.
pub const FILE_TOO_LARGE: u64 = 50_045;
/// The uploaded file is invalid.
pub const INVALID_FILE: u64 = 50_046;
/// Invalid guild.
pub const INVALID_GUILD: u64 = 50_055;
/// Invalid SKU.
pub const INVALID_SKU: u64 = 50_057;
/// Invalid request origin.
pub const INVALID_REQUEST_ORIGIN: u64 = 50_067;
/// Invalid message type.
pub const INVALID_MESSAGE_TYPE: u64 = 50_068;
/// A payment source is required.
pub const PAYMENT_SOURCE_REQUIRED: u64 = 50_070;
/// A system webhook cannot be changed.
pub const CANNOT_MODIFY_SYSTEM_WEBHOOK: u64 = 50_073;
/// The channel is required for community guilds and cannot be deleted.
pub const CHANNEL_REQUIRED_FOR_COMMUNITY: u64 = 50_074;
/// The stickers of a message cannot be edited.
pub const CANNOT_EDIT_STICKERS_OF_MESSAGE: u64 = 50_080;
/// Invalid sticker.
pub const INVALID_STICKER: u64 = 50_081;
/// The thread is archived.
pub const THREAD_ARCHIVED: u64 = 50_083;
/// Invalid notification settings of a thread.
pub const INVALID_THREAD_NOTIFICATION_SETTINGS: u64 = 50_084;
/// `before` is earlier than the creation of the thread.
pub const BEFORE_THREAD_CREATION: u64 = 50_085;
/// Channels of a community must be text channels.
pub const COMMUNITY_CHANNELS_MUST_BE_TEXT: u64 = 50_086;
/// The server is not available in this location.
pub const NOT_AVAILABLE_IN_LOCATION: u64 = 50_095;
/// The server needs monetization enabled.
pub const MONETIZATION_REQUIRED: u64 = 50_097;
/// The server needs more boosts.
pub const MORE_BOOSTS_REQUIRED: u64 = 50_101;
/// The request body is not valid JSON.
pub const INVALID_JSON: u64 = 50_109;
/// The provided file is invalid.
pub const FILE_INVALID: u64 = 50_110;
/// The type of the provided file is invalid.
pub const FILE_TYPE_INVALID: u64 = 50_123;
/// The provided file is longer than 5.2 seconds.
pub const FILE_TOO_LONG: u64 = 50_124;
/// The owner cannot be a pending member.
pub const OWNER_CANNOT_BE_PENDING: u64 = 50_131;
/// The ownership cannot be transferred to a bot.
pub const OWNERSHIP_CANNOT_BE_TRANSFERRED_TO_BOT: u64 = 50_132;
/// The asset could not be resized below the maximum size.
pub const ASSET_TOO_LARGE: u64 = 50_138;
/// The uploaded file was not found.
pub const UPLOADED_FILE_NOT_FOUND: u64 = 50_146;
/// Invalid emoji.
pub const INVALID_EMOJI: u64 = 50_151;
/// A voice message cannot have other content.
pub const VOICE_MESSAGE_HAS_CONTENT: u64 = 50_159;
/// A voice message needs exactly one audio attachment.
pub const VOICE_MESSAGE_NEEDS_ONE_AUDIO: u64 = 50_160;
/// A voice message needs metadata.
pub const VOICE_MESSAGE_NEEDS_METADATA: u64 = 50_161;
/// A voice message cannot be edited.
pub const VOICE_MESSAGE_CANNOT_BE_EDITED: u64 = 50_162;
/// A guild subscription integration cannot be deleted.
pub const CANNOT_DELETE_SUBSCRIPTION_INTEGRATION: u64 = 50_163;
/// Voice messages cannot be sent in this channel.
pub const CANNOT_SEND_VOICE_MESSAGES: u64 = 50_173;
/// The user's account must be verified first.
pub const USER_MUST_BE_VERIFIED: u64 = 50_178;
/// The provided file has no valid duration.
pub const FILE_HAS_NO_DURATION: u64 = 50_192;
/// The sticker cannot be sent for lack of permission.
pub const CANNOT_SEND_STICKER: u64 = 50_278;
/// Two-factor authentication is required.
pub const TWO_FACTOR_REQUIRED: u64 = 60_003;
/// There are no users with this tag.
pub const NO_USERS_WITH_TAG: u64 = 80_004;
/// The reaction was blocked.
pub const REACTION_BLOCKED: u64 = 90_001;
/// The user cannot use burst reactions.
pub const CANNOT_USE_BURST_REACTIONS: u64 = 90_002;
/// The index is not available yet: try again later.
pub const INDEX_NOT_AVAILABLE: u64 = 110_000;
/// The application is not available yet: try again later.
pub const APPLICATION_NOT_AVAILABLE: u64 = 110_001;
/// The API resource is overloaded: try again later.
pub const OVERLOADED: u64 = 130_000;
/// The stage is already open.
pub const STAGE_ALREADY_OPEN: u64 = 150_006;
/// A reply needs the permission to read the message history.
pub const CANNOT_REPLY_WITHOUT_HISTORY: u64 = 160_002;
/// A thread has already been created for this message.
pub const THREAD_ALREADY_CREATED: u64 = 160_004;
/// The thread is locked.
pub const THREAD_LOCKED: u64 = 160_005;
/// Maximum number of active threads.
pub const MAX_ACTIVE_THREADS: u64 = 160_006;
/// Maximum number of active announcement threads.
pub const MAX_ACTIVE_ANNOUNCEMENT_THREADS: u64 = 160_007;
/// The JSON of the Lottie file is invalid.
pub const INVALID_LOTTIE: u64 = 170_001;
/// A Lottie file cannot contain raster images.
pub const LOTTIE_HAS_RASTER_IMAGES: u64 = 170_002;
/// The frame rate of the sticker is too high.
pub const STICKER_FRAME_RATE_TOO_HIGH: u64 = 170_003;
/// Maximum number of frames of a sticker.
pub const MAX_STICKER_FRAMES: u64 = 170_004;
/// The Lottie animation is too large.
pub const LOTTIE_TOO_LARGE: u64 = 170_005;
/// The frame rate of the sticker is too low or too high.
pub const INVALID_STICKER_FRAME_RATE: u64 = 170_006;
/// The animation of the sticker is longer than 5 seconds.
pub const STICKER_ANIMATION_TOO_LONG: u64 = 170_007;
/// A finished event cannot be changed.
pub const CANNOT_UPDATE_FINISHED_EVENT: u64 = 180_000;
/// The stage of a stage event could not be created.
pub const STAGE_FOR_EVENT_FAILED: u64 = 180_002;
/// Auto moderation blocked the message.
pub const BLOCKED_BY_AUTO_MODERATION: u64 = 200_000;
/// Auto moderation blocked the title.
pub const TITLE_BLOCKED_BY_AUTO_MODERATION: u64 = 200_001;
/// A webhook in a forum channel needs `thread_name` or `thread_id`.
pub const FORUM_WEBHOOK_NEEDS_THREAD: u64 = 220_001;
/// A webhook in a forum channel takes only one of `thread_name` and `thread_id`.
pub const FORUM_WEBHOOK_HAS_TWO_THREADS: u64 = 220_002;
/// Webhooks can create threads only in forum channels.
pub const WEBHOOK_CANNOT_CREATE_THREAD: u64 = 220_003;
/// Webhook services cannot be used in forum channels.
pub const WEBHOOK_SERVICE_IN_FORUM: u64 = 220_004;
/// The filter for harmful links blocked the message.
pub const HARMFUL_LINK: u64 = 240_000;
/// Onboarding cannot be enabled: its requirements are not met.
pub const CANNOT_ENABLE_ONBOARDING: u64 = 350_000;
/// Onboarding cannot be changed while it is below its requirements.
pub const CANNOT_UPDATE_ONBOARDING: u64 = 350_001;
/// Uploading files is limited for this guild.
pub const FILE_UPLOADS_LIMITED: u64 = 400_001;
/// The users could not be banned.
pub const BAN_FAILED: u64 = 500_000;
/// Voting in the poll was blocked.
pub const POLL_VOTING_BLOCKED: u64 = 520_000;
/// The poll has expired.
pub const POLL_EXPIRED: u64 = 520_001;
/// A poll cannot be created in a channel of this type.
pub const INVALID_CHANNEL_FOR_POLL: u64 = 520_002;
/// A message with a poll cannot be edited.
pub const CANNOT_EDIT_POLL: u64 = 520_003;
/// The emoji of the poll cannot be used.
pub const CANNOT_USE_POLL_EMOJI: u64 = 520_004;
/// A message without a poll cannot be expired.
pub const CANNOT_EXPIRE_NON_POLL: u64 = 520_006;
