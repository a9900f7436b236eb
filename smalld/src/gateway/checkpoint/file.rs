//! File store: sessions in a file that is replaced atomically, that only its owner can read, and
//! that one process uses at a time. All of its work runs on blocking threads.
//!
//! Other users of the machine may be able to write into the folder (`/tmp`), so a symbolic link or
//! a FIFO that lies where `.lock` or `.new` belongs is never opened as if it were the file.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::error::BoxError;
use crate::gateway::checkpoint::store::SessionStore;

/// The largest file that is read. A shard takes some hundred bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Time between two attempts to lock the file. A blocking lock could not be cancelled.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);
/// As many links in a row as Linux follows.
const MAX_LINKS: usize = 40;

pub(super) struct FileStore {
    path: PathBuf,
    /// From loading until it is released.
    locked: Mutex<Option<Arc<Locked>>>,
}

/// The file, used by this process alone until this is dropped.
struct Locked {
    path: PathBuf,
    lock: fs::File,
}

impl FileStore {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            locked: Mutex::new(None),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<Arc<Locked>>> {
        self.locked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for FileStore {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        let path = self.path.clone();
        let locked = Arc::new(spawn_blocking(move || Locked::open(&path)).await??);
        let mut logged = false;
        while !try_lock(&locked).await? {
            if !std::mem::replace(&mut logged, true) {
                let path = self.path.display();
                tracing::info!(target: "smalld", "another process is using the sessions in `{path}`: waiting until it ends");
            }
            tokio::time::sleep(LOCK_INTERVAL).await;
        }
        *self.locked() = Some(Arc::clone(&locked));
        spawn_blocking(move || locked.read()).await?
    }

    async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        let locked = self.locked().clone().ok_or("the file is not locked")?;
        let text = sessions.to_owned();
        // The write holds the lock even if nobody waits for it any more, so it cannot come after a
        // write of the next process.
        spawn_blocking(move || locked.write(&text)).await?
    }

    fn release(&self) {
        drop(self.locked().take());
    }
}

async fn try_lock(locked: &Arc<Locked>) -> Result<bool, BoxError> {
    let locked = Arc::clone(locked);
    Ok(spawn_blocking(move || locked.try_lock()).await?)
}

impl Locked {
    /// Opens the lock file, which is not locked yet.
    fn open(path: &Path) -> Result<Self, BoxError> {
        let failed = |path: &Path, error: io::Error| {
            let hint = missing_directory(path).unwrap_or_default();
            format!("`{}` cannot be opened: {error}{hint}", path.display())
        };
        let path = follow_links(path).map_err(|error| failed(path, error))?;
        let lock_path = with_suffix(&path, ".lock");
        let lock = open_lock(&lock_path).map_err(|error| failed(&lock_path, error))?;
        Ok(Self { path, lock })
    }

    fn try_lock(&self) -> bool {
        match self.lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => {
                let path = self.path.display();
                tracing::warn!(target: "smalld", "`{path}` cannot be locked ({error}): nothing keeps a second process from using the same sessions");
                true
            }
        }
    }

    fn read(&self) -> Result<Option<String>, BoxError> {
        match read(&self.path) {
            Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8(bytes).unwrap_or_default())),
            Err(error) => Err(format!("`{}` cannot be read: {error}", self.path.display()).into()),
        }
    }

    fn write(&self, text: &str) -> Result<(), BoxError> {
        replace(&self.path, text)
            .map_err(|error| format!("`{}` cannot be written: {error}", self.path.display()).into())
    }
}

/// The file that a path leads to; it may not exist yet. Replacing a symbolic link itself would
/// leave its target unchanged.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let target = fs::read_link(&path)?;
                path = path.parent().unwrap_or(Path::new("")).join(target);
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

fn missing_directory(path: &Path) -> Option<String> {
    let directory = path.parent()?;
    let missing = !directory.as_os_str().is_empty() && !directory.exists();
    missing.then(|| {
        let directory = directory.display();
        format!("; the directory `{directory}` does not exist: create it")
    })
}

fn open_lock(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    open_regular(path, &mut options)
}

/// The content of a file; `None` if there is no file.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match open_regular(path, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let mib = MAX_BYTES >> 20;
        return Err(io::Error::other(format!(
            "it is larger than {mib} MiB, so it cannot hold sessions: check the path, or remove the file"
        )));
    }
    Ok(Some(bytes))
}

/// A reader finds the old text or the new one at any moment, also after a crash of the machine.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = with_suffix(path, ".new");
    let file = match create_new(&new) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Left by a process that was killed while it wrote. If it is a link, only the link is
            // removed.
            fs::remove_file(&new)?;
            create_new(&new)?
        }
        created => created?,
    };
    let replaced = fill(file, text).and_then(|()| fs::rename(&new, path));
    if replaced.is_err() {
        // The original error matters more than a failure here.
        let _ = fs::remove_file(&new);
    }
    replaced
}

/// Creates a file that nobody else can read: with the sessions and the token one could receive the
/// bot's events. A link or a file in its place is an error.
fn create_new(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path)
}

fn fill(mut file: fs::File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Opens a file that is not a link, without waiting for the other end of a FIFO.
fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<fs::File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let file = options.open(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        if is_link { not_regular() } else { error }
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(not_regular())
    }
}

fn not_regular() -> io::Error {
    io::Error::other("it is not a regular file: remove it, or use another path")
}

fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(test)]
mod tests;
