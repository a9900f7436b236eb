//! Sessions that outlive the process: where they are kept.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::error::BoxError;

use crate::gateway::checkpoint::file::File;

/// Keeps a bot's gateway sessions outside of its process, so that a deploy or a crash loses no
/// event: [`Builder::sessions`](crate::Builder::sessions) takes the path of a file, or a store of
/// one's own.
///
/// What is kept is a JSON text of some hundred bytes a shard: the ids of the sessions, how far
/// their events have been *handled*, and how many sessions were begun. It changes from version to
/// version; what a version cannot read it ignores, with a warning.
#[derive(Clone)]
pub struct Sessions(Arc<dyn Store>);

impl Sessions {
    /// In this file, which is written atomically and can be read by its owner alone. Beside it,
    /// `.lock` at the end of its name, lies the lock by which two processes do not use it at once:
    /// in a rolling deploy the second waits until the first has ended.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(File::new(path.into())))
    }

    /// In a store of your own.
    pub fn store(store: impl SessionStore) -> Self {
        Self(Arc::new(store))
    }

    pub(crate) async fn load(&self) -> Result<Option<String>, BoxError> {
        self.0.load_boxed().await
    }

    pub(crate) async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        let saving = AssertUnwindSafe(async { self.0.save_boxed(sessions).await });
        // A store that panics once may save the next time.
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

/// Where [`Sessions`] are kept, for those who keep them elsewhere than in a file.
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
    /// Gives what was saved last, as it was; `None` where nothing was. Called once, before the bot
    /// connects. Where several processes share the store this is the place to wait until the one
    /// before has ended: a session that two of them resume goes to and fro between them.
    ///
    /// An error ends [`run`](crate::SmallD::run).
    fn load(&self) -> impl Future<Output = Result<Option<String>, BoxError>> + Send;

    /// Takes what is to be kept in place of what was. Called before the bot connects and
    /// identifies, about once a second while events are handled, and when the bot stops; never
    /// twice at once. An error is told in the log, and the next call follows all the same; the
    /// first one's ends [`run`](crate::SmallD::run).
    fn save(&self, sessions: &str) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// The bot has stopped and saved for the last time: lets go of what `load` may have taken to
    /// keep other processes waiting. By default nothing.
    fn release(&self) {}
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// [`SessionStore`] behind a pointer.
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
