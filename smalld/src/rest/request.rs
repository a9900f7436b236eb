//! A request under construction, which is also the future of its result.

use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Response, Result};
use crate::rest::attachment::Attachment;
use crate::rest::blocking;
use crate::rest::client::Rest;
use crate::rest::draft::Draft;
use crate::rest::limiter::route::masked;
use crate::rest::path::Path;
use crate::rest::rate_limits::RateLimits;
use crate::rest::send::Sent;

pin_project! {
    /// A request to Discord's REST API: a method, a path and JSON.
    ///
    /// It is sent when it is awaited, and returns the JSON of the response: null for 204, which has
    /// no body. Its methods set options before that. It waits as the rate limits require. After a
    /// temporary failure it is sent again, up to four times, if sending it twice does no harm
    /// ([`retry`](Self::retry)). The answer to an interaction is sent again once, within its three
    /// seconds.
    ///
    /// | in async code | blocking | result |
    /// |---|---|---|
    /// | `.await` | [`.wait()`](Self::wait) | the JSON of the response |
    /// | [`.json::<T>()`](Self::json)`.await` | [`.wait_json::<T>()`](Self::wait_json) | the same as a type of yours |
    /// | [`.response()`](Self::response)`.await` | [`.wait_response()`](Self::wait_response) | status, headers and body |
    ///
    /// ```no_run
    /// use smalld::rest::{Attachment, RateLimits};
    /// use smalld::{SmallD, json, path};
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
    /// It is a [`Future`], `Send` and `'static`, so it can be spawned and joined as it is. Like the
    /// future of an `async fn` it is not `Unpin`: once polled it cannot be moved, so it can no longer
    /// be refined. To poll it by reference, for example in a loop with `select!`, pin it first
    /// ([`std::pin::pin!`]).
    ///
    /// ```compile_fail
    /// # async fn example(bot: smalld::SmallD) -> smalld::Result<()> {
    /// let mut request = bot.get("/users/@me");
    /// (&mut request).await?; // error: `PhantomPinned` cannot be unpinned
    /// request.response().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Http`](crate::Error::Http) for any status other than 2xx,
    /// [`Error::Network`](crate::Error::Network) if there is no response,
    /// [`Error::RateLimit`](crate::Error::RateLimit) if a limit forbids it,
    /// [`Error::Json`](crate::Error::Json) if the payload cannot be written or the response cannot be
    /// read, and [`Error::Config`](crate::Error::Config) if the path, a header or an attachment cannot
    /// be used. In the last case, and if a known limit forbids it, nothing was sent.
    ///
    /// See [Discord Docs/API Reference](https://discord.com/developers/docs/reference).
    #[must_use = "a request is sent when it is awaited"]
    pub struct Request {
        // `None` once it was polled.
        draft: Option<Box<Draft>>,
        sent: Option<Sent>,
        #[pin]
        _not_unpin: PhantomPinned,
    }
}

impl Rest {
    pub(crate) fn request(&self, method: Method, path: impl Into<Path>) -> Request {
        let draft = Draft::new(self.clone(), method, path.into());
        Request {
            draft: Some(Box::new(draft)),
            sent: None,
            _not_unpin: PhantomPinned,
        }
    }
}

impl Request {
    /// The JSON to send: anything that serializes. `()` and null send no body.
    pub fn payload(self, payload: impl Serialize) -> Self {
        let json = serde_json::to_vec(&payload);
        let json = json.map(|json| if json == b"null" { Vec::new() } else { json });
        self.edit(|draft| draft.payload = json)
    }

    /// A file to upload, with any method. The payload is then sent as `payload_json`.
    ///
    /// The first file is `files[0]`. The payload may describe the files in `attachments`. See
    /// [Discord Docs/Uploading Files](https://discord.com/developers/docs/reference#uploading-files).
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

    /// A plain field of a form, for the few endpoints that take those instead of JSON. Uploading a
    /// sticker takes `name`, `description` and `tags` this way, and the file as
    /// [`field("file")`](Attachment::field).
    ///
    /// ```no_run
    /// # use smalld::rest::Attachment;
    /// # use smalld::{SmallD, path};
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

    /// A query parameter. Null (`None`) is left out, an array repeats the name, and a boolean is
    /// `true` or `false`.
    pub fn param(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value);
        self.edit(|draft| draft.query.push((name.into(), value)))
    }

    /// Query parameters from a map or a struct, each as in [`param`](Self::param).
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

    /// The reason for the guild's audit log: 1 to 512 characters. It is percent-encoded here.
    ///
    /// See [Discord Docs/Audit Logs](https://discord.com/developers/docs/resources/audit-log).
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.edit(|draft| draft.reason = Some(reason.into()))
    }

    /// Another header. `authorization` replaces the bot's token. `host` and the headers that say how
    /// long the body is cannot be set.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|draft| draft.headers.push((name.into(), value.into())))
    }

    /// Whether this request waits for rate limits or fails. Default:
    /// [`Builder::rate_limits`](crate::Builder::rate_limits).
    pub fn rate_limits(self, rate_limits: RateLimits) -> Self {
        self.edit(|draft| draft.rate_limits = Some(rate_limits))
    }

    /// How long it may take in total, including waits and retries. By default each attempt may take
    /// 15 seconds, or 5 minutes with attachments, and waiting for limits may take any time.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.edit(|draft| draft.timeout = Some(timeout))
    }

    /// Whether it may be sent again if it may have arrived: after a broken connection, or a
    /// response such as 502. A request that cannot have arrived is always sent again.
    ///
    /// By default GET, PUT and DELETE are sent again, because sending them twice has the same
    /// effect as once, and so are messages with `nonce` and `enforce_nonce`, which Discord creates
    /// only once. Other POST and PATCH requests are not.
    pub fn retry(self, retry: bool) -> Self {
        self.edit(|draft| draft.retry = Some(retry))
    }

    /// Sends it and returns the body as any `T`.
    ///
    /// # Errors
    ///
    /// Those of the request, and [`Error::Json`](crate::Error::Json) if the body does not have that
    /// shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.into_draft().send().await?.json()
    }

    /// Sends it and returns status, headers and body, unparsed.
    ///
    /// # Errors
    ///
    /// Those of the request, except that the body is not read as JSON.
    pub async fn response(self) -> Result<Response> {
        Ok(self.into_draft().send().await?.response)
    }

    /// Sends it and blocks until the response is there: for sync handlers, threads of your own, and
    /// programs without a runtime.
    ///
    /// ```no_run
    /// # fn main() -> smalld::Result<()> {
    /// # let bot = smalld::SmallD::builder().build()?;
    /// let me = bot.get("/users/@me").wait()?;
    /// println!("{}", me["username"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the request, and [`Error::Config`](crate::Error::Config) in async code, which must not
    /// block: write `.await` there.
    pub fn wait(self) -> Result<Value> {
        blocking::wait(self)
    }

    /// [`json`](Self::json), blocking.
    ///
    /// ```no_run
    /// # fn main() -> smalld::Result<()> {
    /// # let bot = smalld::SmallD::builder().build()?;
    /// #[derive(serde::Deserialize)]
    /// struct User {
    ///     username: String,
    /// }
    ///
    /// let me: User = bot.get("/users/@me").wait_json()?;
    /// println!("{}", me.username);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`json`](Self::json) and of [`wait`](Self::wait).
    pub fn wait_json<T: DeserializeOwned>(self) -> Result<T> {
        blocking::wait(self.json())
    }

    /// [`response`](Self::response), blocking.
    ///
    /// ```no_run
    /// # fn main() -> smalld::Result<()> {
    /// # let bot = smalld::SmallD::builder().build()?;
    /// let response = bot.get("/users/@me").wait_response()?;
    /// println!("{}: {}", response.status, response.text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`response`](Self::response) and of [`wait`](Self::wait).
    pub fn wait_response(self) -> Result<Response> {
        blocking::wait(self.response())
    }

    /// Sends it through this function instead of the network.
    pub(crate) fn via(
        self,
        via: impl FnOnce(Draft) -> Pin<Box<dyn Future<Output = Result<Response>> + Send>>
        + Send
        + 'static,
    ) -> Self {
        self.edit(|draft| draft.via = Some(Box::new(via)))
    }

    fn into_draft(self) -> Draft {
        let draft = self.draft;
        *draft.expect("a request that was polled is pinned and cannot be moved here")
    }

    fn edit(mut self, edit: impl FnOnce(&mut Draft)) -> Self {
        if let Some(draft) = &mut self.draft {
            edit(draft);
        }
        self
    }
}

impl Future for Request {
    type Output = Result<Value>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let draft = this.draft;
        let sent = this.sent.get_or_insert_with(|| {
            let draft = draft.take().expect("either a draft or sent");
            draft.send()
        });
        sent.as_mut().poll(context).map(|answered| answered?.json())
    }
}

/// Method and path; tokens in the path are masked.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.draft {
            Some(draft) => {
                let path = masked(draft.path.shown());
                write!(f, "Request({} {path})", draft.method)
            }
            None => f.write_str("Request(sent)"),
        }
    }
}
