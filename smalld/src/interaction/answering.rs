//! Sending an answer: which request it is, decided when it is sent.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::bot::SmallD;
use crate::constants::{callback_type, error_code, message_flag};
use crate::error::{Error, InteractionError, InteractionErrorKind, Response, Result};
use crate::event::answer::{ANSWER_TIMEOUT, Answer, Refusal, Step, Wish};
use crate::rest::{Draft, Request};

/// Milliseconds from the Unix epoch to Discord's, which snowflakes count from.
const DISCORD_EPOCH: u64 = 1_420_070_400_000;

/// What kind of answer a handler gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reply,
    Defer,
    Update,
    DeferUpdate,
    Modal,
    Choices,
}

impl Kind {
    fn wish(self, payload: &[u8]) -> Wish {
        let ephemeral = is_ephemeral(payload);
        match self {
            Self::Reply => Wish::Reply { ephemeral },
            Self::Defer => Wish::Defer { ephemeral },
            Self::Update => Wish::Update,
            Self::DeferUpdate => Wish::DeferUpdate,
            Self::Modal => Wish::Modal,
            Self::Choices => Wish::Choices,
        }
    }

    fn callback_type(self) -> u8 {
        match self {
            Self::Reply => callback_type::CHANNEL_MESSAGE_WITH_SOURCE,
            Self::Defer => callback_type::DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE,
            Self::Update => callback_type::UPDATE_MESSAGE,
            Self::DeferUpdate => callback_type::DEFERRED_UPDATE_MESSAGE,
            Self::Modal => callback_type::MODAL,
            Self::Choices => callback_type::APPLICATION_COMMAND_AUTOCOMPLETE_RESULT,
        }
    }

    fn returns_a_message(self) -> bool {
        matches!(self, Self::Reply | Self::Update)
    }

    /// The body of a callback with this `data`.
    fn callback(self, data: &[u8]) -> Vec<u8> {
        let mut body = format!(r#"{{"type":{}"#, self.callback_type()).into_bytes();
        if !data.is_empty() {
            body.extend_from_slice(br#","data":"#);
            match self {
                Self::Choices => {
                    body.extend_from_slice(br#"{"choices":"#);
                    body.extend_from_slice(data);
                    body.push(b'}');
                }
                _ => body.extend_from_slice(data),
            }
        }
        body.push(b'}');
        body
    }
}

/// Where the answers to one interaction go.
pub(super) struct Answering {
    pub(super) bot: SmallD,
    pub(super) id: String,
    pub(super) application_id: String,
    pub(super) token: String,
    /// What has been sent so far.
    pub(super) answer: Arc<Answer>,
}

impl Answering {
    /// An answer. Which request it is depends on what was sent when it is awaited.
    pub(super) fn request(self: &Arc<Self>, kind: Kind) -> Request {
        let callback = format!("/interactions/{}/{}/callback", self.id, self.token);
        let this = Arc::clone(self);
        let request = self.bot.post(callback, ());
        request.via(move |draft| Box::pin(this.send(kind, draft)))
    }

    /// The path of the interaction's webhook, for messages after the first answer.
    pub(super) fn webhook(&self, rest: &str) -> String {
        format!("/webhooks/{}/{}{rest}", self.application_id, self.token)
    }

    /// Sends the answer that the draft describes.
    async fn send(self: Arc<Self>, kind: Kind, mut draft: Draft) -> Result<Response> {
        // A payload that cannot be written is reported by the request.
        let Ok(payload) = &mut draft.payload else {
            return Ok(draft.send().await?.response);
        };
        let payload = std::mem::take(payload);
        if let Some(error) = self.too_late() {
            return Err(error);
        }
        let answer = &self.answer;
        let attempt = answer.begin(kind.wish(&payload)).await;
        let attempt = attempt.map_err(|refusal| self.error(refusal.into()))?;
        let step = attempt.step;
        match step {
            Step::Callback => {
                draft.payload = Ok(kind.callback(&payload));
                if kind.returns_a_message() {
                    draft
                        .query
                        .push(("with_response".to_owned(), Ok(true.into())));
                }
            }
            Step::EditOriginal => {
                draft.method = Method::PATCH;
                draft.path = self.webhook("/messages/@original").into();
                draft.payload = Ok(payload);
            }
            Step::FollowUp => {
                draft.path = self.webhook("").into();
                draft.payload = Ok(payload);
            }
        }
        let sent = draft.send().await.map(|answered| answered.response);
        if sent.is_ok() || is_answered(&sent) {
            attempt.succeeded();
        }
        match sent {
            Ok(response) if step == Step::Callback && kind.returns_a_message() => {
                Ok(message_of(response))
            }
            sent => sent,
        }
    }

    /// The error of an interaction that Discord certainly accepts no first answer for any more.
    pub(super) fn too_late(&self) -> Option<Error> {
        let answer = &self.answer;
        if answer.is_given() {
            return None;
        }
        let age = match answer.received() {
            Some(received) => received.elapsed(),
            None => self.bot.min_age(created(&self.id)?)?,
        };
        (age > ANSWER_TIMEOUT).then(|| self.error(InteractionErrorKind::TooLate { age }))
    }

    fn error(&self, kind: InteractionErrorKind) -> Error {
        Error::Interaction(InteractionError {
            interaction: self.id.clone(),
            kind,
        })
    }
}

impl From<Refusal> for InteractionErrorKind {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyAnswered => Self::AlreadyAnswered,
            Refusal::AlreadyDeferred => Self::AlreadyDeferred,
            Refusal::EphemeralDiffers { promised } => Self::EphemeralDiffers {
                deferred_as_ephemeral: promised,
            },
        }
    }
}

fn is_ephemeral(payload: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message {
        flags: Option<u64>,
    }
    let flags = serde_json::from_slice(payload).map(|message: Message| message.flags);
    flags.is_ok_and(|flags| flags.unwrap_or(0) & message_flag::EPHEMERAL != 0)
}

/// Whether Discord has an answer, from another process perhaps.
fn is_answered(sent: &Result<Response>) -> bool {
    matches!(sent, Err(error) if error.code() == Some(error_code::INTERACTION_ALREADY_ACKNOWLEDGED))
}

/// The message in the response to a callback, as the response of other routes has it.
///
/// See [Discord Docs/Interaction Callback Response](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object).
fn message_of(response: Response) -> Response {
    // A server that does not know `with_response` answers 204.
    let Ok(callback) = serde_json::from_slice::<Value>(response.bytes()) else {
        return response;
    };
    match &callback["resource"]["message"] {
        Value::Null => response,
        message => response.with_body(message.to_string().into_bytes()),
    }
}

/// When a snowflake was made.
fn created(id: &str) -> Option<SystemTime> {
    let millis = (id.parse::<u64>().ok()? >> 22) + DISCORD_EPOCH;
    Some(UNIX_EPOCH + Duration::from_millis(millis))
}
