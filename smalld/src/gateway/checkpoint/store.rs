//! Session store: where the text is saved, if not in a file.

use std::future::Future;

use crate::error::BoxError;

/// A store for [`Sessions`](crate::gateway::Sessions) other than a file, such as a row in a database.
///
/// ```
/// use std::sync::Mutex;
///
/// use smalld::gateway::{SessionStore, Sessions};
/// use smalld::{BoxError, SmallD};
///
/// #[derive(Default)]
/// struct Memory(Mutex<Option<String>>);
///
/// impl SessionStore for Memory {
///     async fn load(&self) -> Result<Option<String>, BoxError> {
///         Ok(self.0.lock().map_err(|_| "poisoned")?.clone())
///     }
///
///     async fn save(&self, sessions: &str) -> Result<(), BoxError> {
///         *self.0.lock().map_err(|_| "poisoned")? = Some(sessions.to_owned());
///         Ok(())
///     }
/// }
///
/// let builder = SmallD::builder().sessions(Sessions::store(Memory::default()));
/// # let _ = builder;
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Returns the text that was saved last, or `None` if there is none. Called once, before the
    /// bot connects. If several processes share the store, this is the place to wait until the
    /// process before has ended: two processes that resume the same session take it from each
    /// other again and again.
    ///
    /// # Errors
    ///
    /// An error ends [`run`](crate::SmallD::run).
    fn load(&self) -> impl Future<Output = Result<Option<String>, BoxError>> + Send;

    /// Replaces the saved text. Called before the bot connects and before it identifies, about once
    /// a second while events are handled, and when the bot stops; never twice at once.
    ///
    /// With `run!` and `run_blocking` it runs on a thread of its own, which it may block. A call may
    /// be dropped before it has ended, if it takes longer than 5 s when the bot stops.
    ///
    /// # Errors
    ///
    /// The error of the first call ends [`run`](crate::SmallD::run). Later ones are logged, and the
    /// next call follows all the same.
    fn save(&self, sessions: &str) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Ends what [`load`](Self::load) began to keep other processes waiting. Called when the bot
    /// has stopped and saved for the last time. By default this does nothing.
    fn release(&self) {}
}
