//! Sources of events other than the gateway.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::event::sink::Sink;

/// A source of events: a message broker, interactions over HTTP, a recording.
///
/// [`Builder::source`](crate::Builder::source) replaces the gateway with a source,
/// [`Builder::also`](crate::Builder::also) adds a source to the gateway.
///
/// ```
/// use smalld::SmallD;
/// use smalld::source::{Delivery, Sink, Source};
///
/// /// Plays a recording of gateway payloads, one per line.
/// struct Recording(String);
///
/// impl Source for Recording {
///     async fn run(self, sink: Sink) -> smalld::Result<()> {
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
    /// Delivers events until there are none left or the bot stops (see [`Sink::closed`]). It runs as a
    /// task of its own. After the bot has been told to stop, it may continue for
    /// [`shutdown_timeout`](crate::Builder::shutdown_timeout); then it is dropped.
    ///
    /// # Errors
    ///
    /// Any error that the source cannot recover from. [`SmallD::run`](crate::SmallD::run) then returns
    /// it.
    fn run(self, sink: Sink) -> impl Future<Output = Result<()>> + Send;

    /// Where [`SmallD::send_gateway_payload`](crate::SmallD::send_gateway_payload) sends payloads if
    /// this source replaces the gateway. By default `None`, and sending returns an error.
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
pub struct Router(Arc<dyn Fn(Value) -> Sending + Send + Sync>);

pub(crate) type Sending = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Router {
    /// Creates a router that calls this closure with each payload: the whole object, with `op` and `d`.
    pub fn new<F, Fut>(send: F) -> Self
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self(Arc::new(move |payload| Box::pin(send(payload))))
    }

    pub(crate) fn send(&self, payload: Value) -> Sending {
        (self.0)(payload)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").finish_non_exhaustive()
    }
}

/// A type-erased source.
pub(crate) struct AnySource {
    pub(crate) router: Option<Router>,
    pub(crate) run: Box<dyn FnOnce(Sink) -> Sending + Send>,
}

impl AnySource {
    pub(crate) fn new(source: impl Source) -> Self {
        Self {
            router: source.router(),
            run: Box::new(|sink| Box::pin(source.run(sink))),
        }
    }
}
