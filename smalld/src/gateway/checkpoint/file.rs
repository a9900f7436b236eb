//! A file that holds the sessions: written atomically, readable by its owner alone, and used by
//! one process at a time.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::BoxError;
use crate::gateway::checkpoint::SessionStore;

/// Between two looks at whether the process before this one has ended. A lock of the system's own
/// that waits could not be called off.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct File {
    path: PathBuf,
    /// Held from loading on, until it is released.
    lock: Mutex<Option<Arc<fs::File>>>,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            lock: Mutex::new(None),
        }
    }

    /// The file's path with these words at its end.
    fn beside(&self, words: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(words);
        name.into()
    }

    /// What to do where the file cannot be, if that is plain.
    fn hint(&self) -> String {
        let directory = self.path.parent().unwrap_or(&self.path);
        if directory.as_os_str().is_empty() || directory.exists() {
            return String::new();
        }
        format!(
            "; the directory `{}` does not exist: create it",
            directory.display()
        )
    }

    async fn lock(&self) -> Result<(), BoxError> {
        let path = self.beside(".lock");
        let file = private(&path).map_err(|error| {
            format!(
                "`{}` cannot be opened: {error}{}",
                path.display(),
                self.hint()
            )
        })?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    let path = path.display();
                    tracing::warn!(target: "smalld", "`{path}` cannot be locked ({error}); nothing hinders a second process from using the same sessions");
                    break;
                }
            }
            if !told {
                told = true;
                let path = self.path.display();
                tracing::info!(target: "smalld", "another process uses the sessions in `{path}`; waiting until it has ended");
            }
            tokio::time::sleep(LOOK).await;
        }
        *self.held() = Some(Arc::new(file));
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<fs::File>>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for File {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        self.lock().await?;
        match tokio::fs::read_to_string(&self.path).await {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(String::new())),
            Err(error) => Err(format!("`{}` cannot be read: {error}", self.path.display()).into()),
        }
    }

    async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        let (path, beside) = (self.path.clone(), self.beside(".new"));
        let text = sessions.to_owned();
        // Where nobody waits for it any more, it still must not come after another process's.
        let lock = self.held().clone();
        let writing = tokio::task::spawn_blocking(move || {
            let _lock = lock;
            replace(&path, &beside, &text)
        });
        let written = writing.await;
        written?
            .map_err(|error| format!("`{}` cannot be written: {error}", self.path.display()).into())
    }

    fn release(&self) {
        // Closing it unlocks it.
        drop(self.held().take());
    }
}

/// Whoever reads it at any moment, after a crash of the machine too, finds the old text or the new.
fn replace(path: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let mut file = private(beside)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    drop(file);
    fs::rename(beside, path)
}

/// Who has the sessions and the token could take the bot's events.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there already keeps its mode otherwise.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}
