//! Session store: a file, or a store of the user, behind one type.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::error::BoxError;
use crate::gateway::checkpoint::file::FileStore;

/// A place outside of the process for a bot's gateway sessions, so that a deploy or a crash loses
/// no event. [`Builder::sessions`](crate::Builder::sessions) takes the path of a file, or a store
/// of your own.
///
/// What is saved is a JSON text of some hundred bytes a shard: the ids of the sessions, up to which
/// event everything has been *handled*, and how many sessions were started. Its format may change
/// with each version of smalld; a text that cannot be read is ignored, with a warning.
#[derive(Clone)]
pub struct Sessions(Arc<dyn Store>);

impl Sessions {
    /// Keeps sessions in this file, which is replaced atomically and can be read by its owner only.
    ///
    /// - The folder must exist. Beside the file, one process creates `NAME.lock`, which keeps a
    ///   second process from using the same sessions (in a rolling deploy the second waits until
    ///   the first has ended), and `NAME.new` while it writes.
    /// - If the path is a symbolic link, the file that it leads to is used. A link or a FIFO in
    ///   place of `NAME.lock` is an error, and in place of `NAME.new` is removed.
    /// - A file larger than 16 MiB is an error, as it cannot hold sessions.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(FileStore::new(path.into())))
    }

    /// Keeps sessions in a store of your own.
    pub fn store(store: impl SessionStore) -> Self {
        Self(Arc::new(store))
    }

    pub(crate) async fn load(&self) -> Result<Option<String>, BoxError> {
        self.0.load_boxed().await
    }

    pub(crate) async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        let saving = AssertUnwindSafe(async { self.0.save_boxed(sessions).await });
        // A store that panics once may succeed the next time.
        let saved = saving.catch_unwind().await;
        saved.unwrap_or_else(|_| Err("the store panicked".into()))
    }

    pub(crate) fn release(&self) {
        self.0.release();
    }
}

impl From<PathBuf> for Sessions {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<&Path> for Sessions {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<&str> for Sessions {
    fn from(path: &str) -> Self {
        Self::file(path)
    }
}

impl From<String> for Sessions {
    fn from(path: String) -> Self {
        Self::file(path)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

/// A store for [`Sessions`] other than a file, such as a row in a database.
///
/// ```
/// use std::sync::Mutex;
///
/// use smalld::{BoxError, SessionStore, Sessions, SmallD};
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
    /// A call may be dropped before it has ended: when the bot stops and it takes longer than 5 s.
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

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// [`SessionStore`] as a trait object.
trait Store: Send + Sync {
    fn load_boxed(&self) -> BoxFuture<'_, Option<String>>;
    fn save_boxed<'a>(&'a self, sessions: &'a str) -> BoxFuture<'a, ()>;
    fn release(&self);
}

impl<S: SessionStore> Store for S {
    fn load_boxed(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.load())
    }

    fn save_boxed<'a>(&'a self, sessions: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(self.save(sessions))
    }

    fn release(&self) {
        SessionStore::release(self);
    }
}
