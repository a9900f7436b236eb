//! Sources of events besides the gateway.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::event::sink::Sink;

/// A source of events: a message broker, interactions over HTTP, a recording.
///
/// [`Builder::source`](crate::Builder::source) puts one in place of the gateway,
/// [`Builder::also`](crate::Builder::also) adds one to it.
///
/// ```
/// use smalld::SmallD;
/// use smalld::source::{Delivery, Sink, Source};
///
/// /// Plays a file of gateway payloads, one in each line.
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
    /// Delivers events until there are none left or the bot stops, of which [`Sink::closed`] tells. It
    /// runs as a task of its own. When the bot has stopped it may go on for
    /// [`shutdown_timeout`](crate::Builder::shutdown_timeout); then it is dropped.
    ///
    /// # Errors
    ///
    /// What the source cannot go on without. It ends [`SmallD::run`](crate::SmallD::run).
    fn run(self, sink: Sink) -> impl Future<Output = Result<()>> + Send;

    /// Where [`SmallD::send_gateway_payload`](crate::SmallD::send_gateway_payload) sends to if this
    /// source takes the place of the gateway. By default nowhere: sending is an error that says so.
    fn router(&self) -> Option<Router> {
        None
    }
}

/// The way of a bot's own payloads to a gateway that runs elsewhere; see [`Source::router`].
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
    /// A router that calls this closure with each payload: the whole object, with `op` and `d`.
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

/// A source whose type is forgotten.
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
