//! A request under construction, which is also the future of its answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Result;
use crate::error::response::Response;
use crate::rest::attachment::Attachment;
use crate::rest::blocking;
use crate::rest::client::Rest;
use crate::rest::draft::Draft;
use crate::rest::limiter::route::masked;
use crate::rest::path::Path;
use crate::rest::rate_limits::RateLimits;

/// A request to Discord's REST API: a method, a path and JSON.
///
/// It is sent when it is awaited, and gives the JSON of the answer (null for 204, which has no
/// body). Before that it can be refined. It waits for its turn as the rate limits say, and is sent
/// again, up to four times, where a failure passes and sending twice does no harm
/// ([`retry`](Self::retry)); the answer to an interaction once, within the three seconds that
/// there are for it.
///
/// ```no_run
/// use smalld::{Attachment, RateLimits, SmallD, json, path};
///
/// # async fn example(bot: SmallD, channel: String, user: u64, guild: u64) -> smalld::Result<()> {
/// let messages = bot.get(path!("/channels/{channel}/messages")).param("limit", 5).await?;
///
/// bot.post(path!("/channels/{channel}/messages"), json!({ "content": "a cat" }))
///     .attachment(("cat.txt", "meow", "text/plain"))
///     .rate_limits(RateLimits::Wait)
///     .await?;
///
/// bot.delete(path!("/guilds/{guild}/members/{user}")).reason("spam").await?;
/// # let _ = messages;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`Error::Http`](crate::Error::Http) for any status other than 2xx,
/// [`Error::Network`](crate::Error::Network) where no answer came,
/// [`Error::RateLimit`](crate::Error::RateLimit) where a limit forbids it,
/// [`Error::Json`](crate::Error::Json) where the payload cannot be written or the answer cannot be
/// read, and [`Error::Config`](crate::Error::Config) where the path, a header or an attachment
/// cannot be used. In the last case, and where a limit forbids it, nothing was sent.
///
/// See [Discord Docs/API Reference](https://discord.com/developers/docs/reference).
#[must_use = "a request is sent when it is awaited"]
pub struct Request(State);

enum State {
    Draft(Box<Draft>),
    Sent(Pin<Box<dyn Future<Output = Result<Value>> + Send>>),
}

impl Rest {
    pub(crate) fn request(&self, method: Method, path: impl Into<Path>) -> Request {
        Request::new(self, method, path.into())
    }
}

impl Request {
    pub(crate) fn new(rest: &Rest, method: Method, path: Path) -> Self {
        Self(State::Draft(Box::new(Draft {
            rest: rest.clone(),
            method,
            path,
            payload: Ok(Vec::new()),
            attachments: Vec::new(),
            fields: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            reason: None,
            rate_limits: None,
            timeout: None,
            retry: None,
        })))
    }

    /// The JSON to send: anything that serializes. `()` and null send no body.
    pub fn payload(self, payload: impl Serialize) -> Self {
        let json = serde_json::to_vec(&payload);
        let json = json.map(|json| if json == b"null" { Vec::new() } else { json });
        self.edit(|draft| draft.payload = json)
    }

    /// A file to upload, by every method alike; the payload then goes along as `payload_json`.
    ///
    /// The first one is `files[0]`. What the payload says of them in `attachments` is the
    /// caller's business. See [Discord Docs/Uploading
    /// Files](https://discord.com/developers/docs/reference#uploading-files).
    pub fn attachment(self, attachment: impl Into<Attachment>) -> Self {
        let attachment = attachment.into();
        self.edit(|draft| draft.attachments.push(attachment))
    }

    /// Several files to upload.
    pub fn attachments<A: Into<Attachment>>(
        self,
        attachments: impl IntoIterator<Item = A>,
    ) -> Self {
        let attachments = attachments.into_iter().map(Into::into);
        self.edit(|draft| draft.attachments.extend(attachments))
    }

    /// A plain field of a form, for the few endpoints that take those instead of JSON: uploading a
    /// sticker wants `name`, `description` and `tags` so, and the file as
    /// [`field("file")`](Attachment::field).
    ///
    /// ```no_run
    /// # use smalld::{Attachment, SmallD, path};
    /// # async fn example(bot: SmallD, guild: u64) -> smalld::Result<()> {
    /// bot.post(path!("/guilds/{guild}/stickers"), ())
    ///     .form_field("name", "wave")
    ///     .form_field("description", "a wave")
    ///     .form_field("tags", "hello")
    ///     .attachment(Attachment::file("wave.png").await?.content_type("image/png").field("file"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn form_field(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|draft| draft.fields.push((name.into(), value.into())))
    }

    /// A query parameter. Null (`None`) is left out, an array repeats the name, a boolean is
    /// `true` or `false`, as Discord wants them.
    pub fn param(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value);
        self.edit(|draft| draft.query.push((name.into(), value)))
    }

    /// Query parameters from a map or a struct, each as [`param`](Self::param) has it.
    pub fn params(self, params: impl Serialize) -> Self {
        let params = serde_json::to_value(params);
        self.edit(|draft| match params {
            Ok(Value::Object(params)) => {
                draft
                    .query
                    .extend(params.into_iter().map(|(name, value)| (name, Ok(value))));
            }
            Ok(Value::Null) => {}
            other => draft.query.push(("params".to_owned(), other)),
        })
    }

    /// Why, for the guild's audit log: 1 to 512 characters. It is percent-encoded here.
    ///
    /// See [Discord Docs/Audit Logs](https://discord.com/developers/docs/resources/audit-log).
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.edit(|draft| draft.reason = Some(reason.into()))
    }

    /// Another header. `authorization` takes the place of the bot's token; `host` and those that
    /// say how long the body is are not to be set.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|draft| draft.headers.push((name.into(), value.into())))
    }

    /// Whether this very request waits for rate limits or fails by them, whatever the bot's other
    /// requests do.
    pub fn rate_limits(self, rate_limits: RateLimits) -> Self {
        self.edit(|draft| draft.rate_limits = Some(rate_limits))
    }

    /// How long it may take in all, waits and retries included. By default each attempt may take
    /// 15 seconds, or 5 minutes with attachments, and waiting for limits takes as long as it takes.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.edit(|draft| draft.timeout = Some(timeout))
    }

    /// Whether it may be sent again where a failure leaves open if it arrived: a connection that
    /// broke, or an answer such as 502. What cannot have arrived is always sent again.
    ///
    /// By default GET, PUT and DELETE are, as twice is as good as once there, and messages with
    /// `nonce` and `enforce_nonce`, which Discord writes only once. POST and PATCH are not.
    pub fn retry(self, retry: bool) -> Self {
        self.edit(|draft| draft.retry = Some(retry))
    }

    /// Sends it, and gives the body as any `T`.
    ///
    /// # Errors
    ///
    /// As the request itself, and [`Error::Json`](crate::Error::Json) where the body does not have
    /// that shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.response().await?.json()
    }

    /// Sends it, and gives status, headers and body, unparsed.
    ///
    /// # Errors
    ///
    /// As the request itself, except that the body is not looked at.
    pub async fn response(self) -> Result<Response> {
        match self.0 {
            State::Draft(draft) => draft.send().await,
            // Only a request that was polled before, which has no response left to give.
            State::Sent(sent) => sent
                .await
                .map(|json| Response::new(200, Vec::new(), json.to_string().into())),
        }
    }

    /// Sends it and blocks until the answer is there: in sync handlers, in threads of your own, and
    /// in programs without a runtime.
    ///
    /// ```no_run
    /// # fn main() -> smalld::Result<()> {
    /// let bot = smalld::SmallD::from_env()?;
    /// let me = bot.get("/users/@me").wait()?;
    /// println!("{}", me["username"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As the request itself, and [`Error::Config`](crate::Error::Config) in async code, which must
    /// not block: write `.await` there.
    pub fn wait(self) -> Result<Value> {
        blocking::wait(self)
    }

    fn edit(mut self, edit: impl FnOnce(&mut Draft)) -> Self {
        if let State::Draft(draft) = &mut self.0 {
            edit(draft);
        }
        self
    }
}

impl Future for Request {
    type Output = Result<Value>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                State::Sent(sent) => return sent.as_mut().poll(context),
                State::Draft(_) => {}
            }
            // A future that is never ready costs nothing and stands in for a moment.
            let never = State::Sent(Box::pin(std::future::pending()));
            if let State::Draft(draft) = std::mem::replace(&mut self.0, never) {
                self.0 = State::Sent(Box::pin(async move { draft.send().await?.json() }));
            }
        }
    }
}

/// Method and path; tokens in the path are masked.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Draft(draft) => {
                write!(
                    f,
                    "Request({} {})",
                    draft.method,
                    masked(draft.path.shown())
                )
            }
            State::Sent(_) => f.write_str("Request(sent)"),
        }
    }
}
