//! Sessions option: a file, or a store of the user, behind one type.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::error::BoxError;
use crate::gateway::checkpoint::file::FileStore;
use crate::gateway::checkpoint::store::SessionStore;
use crate::unwind;

/// A place outside of the process for a bot's gateway sessions, so that a deploy or a crash loses
/// no event. [`Builder::sessions`](crate::Builder::sessions) takes the path of a file, or a store
/// of your own.
///
/// What is saved is a JSON text of some hundred bytes a shard: the ids of the sessions, up to which
/// event everything has been *handled*, and how many sessions were started. Its format may change
/// with each version of smalld; a text that cannot be read is ignored, with a warning.
///
/// ```
/// use smalld::gateway::Sessions;
/// use smalld::SmallD;
///
/// let builder = SmallD::builder().sessions(Sessions::file("sessions.json"));
/// let same = SmallD::builder().sessions("sessions.json");
/// # let _ = (builder, same);
/// ```
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
        saved.unwrap_or_else(|panic| {
            unwind::discard(panic);
            Err("the store panicked".into())
        })
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
