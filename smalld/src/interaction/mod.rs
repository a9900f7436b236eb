//! Interactions: slash commands, buttons, select menus, modals and autocomplete.
//!
//! Nothing here hides the API. An interaction is an `INTERACTION_CREATE` event, an answer is a request,
//! and each method of [`Interaction`] documents the request that it stands for. What is added is what
//! Discord's rules demand of everybody: one answer, within three seconds.

// The way of an answer: `Interaction` makes a `Request`; `answering` decides when it is sent, by the
// state in `event::answer`, which request that is. `options` and `fields` read what the user `entered`,
// with the objects in `resolved`.

mod answering;
mod entered;
pub(crate) mod fields;
pub(crate) mod options;
mod parameters;
mod resolved;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bot::SmallD;
use crate::error::{BoxError, Error};
use crate::event::Payload;
use crate::interaction::answering::{Answering, Kind};
use crate::permissions::Permissions;
use crate::rest::Request;

pub use self::parameters::{Fields, Focused, Options};

/// An interaction, as a parameter of a handler of `interaction_create`: it answers.
///
/// Each method takes Discord's own JSON and returns a [`Request`], which can be refined and is sent
/// when it is awaited. What it stands for:
///
/// | method | request |
/// |---|---|
/// | [`reply`](Self::reply) | the callback with `type` 4 and the message as `data` |
/// | [`defer`](Self::defer) | the callback with `type` 5 |
/// | [`update`](Self::update) | the callback with `type` 7 |
/// | [`defer_update`](Self::defer_update) | the callback with `type` 6 |
/// | [`modal`](Self::modal) | the callback with `type` 9 |
/// | [`choices`](Self::choices) | the callback with `type` 8 |
/// | [`follow_up`](Self::follow_up) | `POST /webhooks/{application_id}/{token}` |
/// | [`edit_reply`](Self::edit_reply) | `PATCH /webhooks/{application_id}/{token}/messages/@original` |
/// | [`delete_reply`](Self::delete_reply) | `DELETE /webhooks/{application_id}/{token}/messages/@original` |
///
/// The callback is `POST /interactions/{id}/{token}/callback`. After a deferral, `reply` and `update`
/// send the message by the route that Discord demands then.
///
/// ```
/// use smalld::constants::message_flag;
/// use smalld::interaction::Interaction;
/// use smalld::{Json, json};
///
/// #[smalld::on(interaction_create, "/type" = 2, "/data/name" = "roll")]
/// async fn roll(interaction: Interaction) -> smalld::Result<()> {
///     interaction.defer().payload(json!({ "flags": message_flag::EPHEMERAL })).await?;
///     let sum = 7; // what takes its time
///     let message: Json = interaction
///         .reply(json!({ "content": format!("you rolled {sum}"), "flags": message_flag::EPHEMERAL }))
///         .await?;
///     println!("message {}", message["id"]);
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// Besides those of a request, the first answer returns [`Error::Interaction`] if it comes after 3
/// seconds, if there is an answer already, or if it cannot follow a deferral. Nothing is sent then. All
/// handlers of the event share this state.
///
/// The age of an interaction counts from when this process received it. That of a replayed event, or of
/// one from another [source](crate::source), counts from its id, by Discord's clock; in doubt the answer
/// is sent, and Discord decides. If the interaction is certainly too old when its handler is about to
/// start, that is reported, and the handler is not run.
///
/// See [Discord Docs/Receiving and Responding to Interactions](https://discord.com/developers/docs/interactions/receiving-and-responding).
#[derive(Clone)]
pub struct Interaction(Arc<Inner>);

struct Inner {
    answering: Arc<Answering>,
    guild_id: Option<String>,
    channel_id: Option<String>,
    user_id: String,
    permissions: Permissions,
}

/// The part of the event that is needed to answer it.
#[derive(Deserialize)]
struct Event {
    id: String,
    application_id: String,
    token: String,
    guild_id: Option<String>,
    channel_id: Option<String>,
    /// In a guild.
    member: Option<Member>,
    /// In a direct message.
    user: Option<User>,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    #[serde(default)]
    permissions: Permissions,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

impl Interaction {
    pub(crate) fn read(bot: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        let fields: Event = serde_json::from_str(payload.d()).map_err(|error| {
            Error::json(format!("the event is not an interaction: {error}"), error)
        })?;
        let (user, permissions) = match (fields.member, fields.user) {
            (Some(member), _) => (member.user, member.permissions),
            (None, Some(user)) => (user, Permissions::empty()),
            (None, None) => return Err("the interaction has neither `member` nor `user`".into()),
        };
        let answering = Answering {
            bot: bot.clone(),
            id: fields.id,
            application_id: fields.application_id,
            token: fields.token,
            answer: payload.answer(),
        };
        if let Some(error) = answering.too_late() {
            return Err(error.into());
        }
        Ok(Self(Arc::new(Inner {
            answering: Arc::new(answering),
            guild_id: fields.guild_id,
            channel_id: fields.channel_id,
            user_id: user.id,
            permissions,
        })))
    }

    /// The id of the interaction.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.answering.id
    }

    /// The id of the user who caused it.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// The id of the guild; `None` in a direct message.
    #[must_use]
    pub fn guild_id(&self) -> Option<&str> {
        self.0.guild_id.as_deref()
    }

    /// The id of the channel, if there is one.
    #[must_use]
    pub fn channel_id(&self) -> Option<&str> {
        self.0.channel_id.as_deref()
    }

    /// What the user may do in the channel, overwrites included. Empty in a direct message.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.0.permissions
    }

    /// Answers with a message, and returns the message.
    ///
    /// After [`defer`](Self::defer) it takes the place of the promised message; after
    /// [`defer_update`](Self::defer_update) it is a follow-up. Give it the flag
    /// [`EPHEMERAL`](crate::constants::message_flag::EPHEMERAL) if only the user is to see it.
    pub fn reply(&self, message: impl Serialize) -> Request {
        self.answer(Kind::Reply).payload(message)
    }

    /// Promises a message: the user sees a loading state, and [`reply`](Self::reply) may take 15
    /// minutes. For an ephemeral message, add `.payload(json!({ "flags": message_flag::EPHEMERAL }))`.
    pub fn defer(&self) -> Request {
        self.answer(Kind::Defer)
    }

    /// Answers a component, or a modal that was opened by one, by editing the component's message.
    /// Returns the message.
    pub fn update(&self, message: impl Serialize) -> Request {
        self.answer(Kind::Update).payload(message)
    }

    /// Answers a component without any visible effect. [`update`](Self::update) may follow within 15
    /// minutes.
    pub fn defer_update(&self) -> Request {
        self.answer(Kind::DeferUpdate)
    }

    /// Answers with a modal. It must be the first answer.
    pub fn modal(&self, modal: impl Serialize) -> Request {
        self.answer(Kind::Modal).payload(modal)
    }

    /// Answers an autocomplete with an array of at most 25 choices, each with `name` and `value`.
    pub fn choices(&self, choices: impl Serialize) -> Request {
        self.answer(Kind::Choices).payload(choices)
    }

    /// Sends another message, within 15 minutes after the first answer. Returns the message.
    pub fn follow_up(&self, message: impl Serialize) -> Request {
        self.bot().post(self.webhook(""), message)
    }

    /// Edits the message of the first answer, or the component's message after
    /// [`defer_update`](Self::defer_update). Returns the message.
    pub fn edit_reply(&self, message: impl Serialize) -> Request {
        self.bot()
            .patch(self.webhook("/messages/@original"), message)
    }

    /// Deletes the message of the first answer.
    pub fn delete_reply(&self) -> Request {
        self.bot().delete(self.webhook("/messages/@original"))
    }

    fn answer(&self, kind: Kind) -> Request {
        self.0.answering.request(kind)
    }

    fn bot(&self) -> &SmallD {
        &self.0.answering.bot
    }

    fn webhook(&self, rest: &str) -> String {
        self.0.answering.webhook(rest)
    }
}

/// Without the token, which allows everybody to answer.
impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction")
            .field("id", &self.0.answering.id)
            .field("user_id", &self.0.user_id)
            .field("guild_id", &self.0.guild_id)
            .finish_non_exhaustive()
    }
}
