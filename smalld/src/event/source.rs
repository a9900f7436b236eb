//! Sources of events other than the gateway.

use std::any::type_name;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{BoxError, Error, Result};
use crate::event::sink::Sink;

/// A source of events: a message broker, interactions over HTTP, a recording.
///
/// [`Builder::source`](crate::Builder::source) replaces the gateway with a source,
/// [`Builder::also`](crate::Builder::also) adds a source to the gateway.
///
/// ```
/// use smalld::source::{Delivery, Sink, Source};
/// use smalld::{BoxError, SmallD};
///
/// /// Plays a recording of gateway payloads, one per line.
/// struct Recording(String);
///
/// impl Source for Recording {
///     async fn run(self, sink: Sink) -> Result<(), BoxError> {
///         for line in self.0.lines() {
///             sink.deliver(Delivery::payload(line)?).await;
///         }
///         Ok(())
///     }
/// }
///
/// # fn example(lines: String) {
/// let bot = SmallD::builder().source(Recording(lines));
/// # let _ = bot;
/// # }
/// ```
pub trait Source: Send + 'static {
    /// Delivers events until there are none left or the bot stops (see [`Sink::closed`]). It runs once, as a task of its own, after the handlers of [`on_start`](crate::on_start).
    ///
    /// When the bot stops, the source may go on as long as handlers may, which is
    /// [`shutdown_timeout`](crate::Builder::shutdown_timeout), to pass on how its events end. After
    /// that those that have not ended are abandoned. The source has three seconds more to pass that on;
    /// then it is dropped.
    ///
    /// # Errors
    ///
    /// Any error that the source cannot recover from. [`SmallD::run`](crate::SmallD::run) then returns an
    /// [`Error::Source`], as it does after a panic. A source restores its own connections.
    fn run(self, sink: Sink) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Where [`SmallD::send_gateway_payload`](crate::SmallD::send_gateway_payload) sends payloads if
    /// this source replaces the gateway. By default `None`, and sending returns an error. Of several
    /// sources, the first one with a router is used. Called once, when the bot is configured.
    fn router(&self) -> Option<Router> {
        None
    }
}

/// Sends the bot's payloads to a gateway in another process; see [`Source::router`].
///
/// ```
/// use smalld::source::Router;
///
/// let router = Router::new(|payload| async move {
///     println!("to the gateway process: {payload}");
///     Ok(())
/// });
/// # let _ = router;
/// ```
#[derive(Clone)]
pub struct Router(Arc<dyn Fn(Value) -> Running + Send + Sync>);

type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

impl Router {
    /// Creates a router that calls this closure with each payload: the whole object, with `op` and `d`. It is
    /// called whether the bot runs or not, and must not wait for ever.
    ///
    /// Its error is what `send_gateway_payload` returns: a [`smalld::Error`](crate::Error) as it is,
    /// anything else as the cause of an [`Error::Source`].
    pub fn new<F, Fut>(send: F) -> Self
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |payload| Box::pin(send(payload))))
    }

    pub(crate) async fn send(&self, payload: Value) -> Result<()> {
        let sent = (self.0)(payload).await;
        sent.map_err(|error| match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => Error::source(
                "the gateway payload was not sent: the router of the source of events failed",
                Some(error),
            ),
        })
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").finish_non_exhaustive()
    }
}

/// A type-erased source.
pub(crate) struct AnySource {
    /// The type it had.
    pub(crate) name: &'static str,
    pub(crate) router: Option<Router>,
    pub(crate) run: Box<dyn FnOnce(Sink) -> Running + Send>,
}

impl AnySource {
    pub(crate) fn new<S: Source>(source: S) -> Self {
        Self {
            name: type_name::<S>(),
            router: source.router(),
            run: Box::new(|sink| Box::pin(source.run(sink))),
        }
    }
}
