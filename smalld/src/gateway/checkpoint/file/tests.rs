use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use super::*;

/// A folder of the test's own, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("smalld-file-store-{}-{nth}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn store(&self) -> FileStore {
        FileStore::new(self.path("s.json"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn loads_what_was_saved() {
    let folder = Folder::new();
    let store = folder.store();
    assert_eq!(store.load().await.unwrap(), None);
    store.save("1").await.unwrap();
    store.save("2").await.unwrap();
    store.release();
    assert!(store.save("3").await.is_err(), "another process may use it");
    assert_eq!(folder.store().load().await.unwrap().as_deref(), Some("2"));
    assert!(!folder.path("s.json.new").exists());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_an_error_and_stays() {
    let folder = Folder::new();
    let path = folder.write("s.json", "");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(MAX_BYTES).unwrap();
    assert!(folder.store().load().await.is_ok());
    file.set_len(MAX_BYTES + 1).unwrap();
    let error = folder.store().load().await.unwrap_err().to_string();
    assert!(error.contains("larger than 16 MiB"), "{error}");
    assert_eq!(fs::metadata(&path).unwrap().len(), MAX_BYTES + 1);
}

#[tokio::test]
async fn a_file_that_is_not_text_loads_as_an_empty_text() {
    let folder = Folder::new();
    fs::write(folder.path("s.json"), [0xff, 0xfe]).unwrap();
    assert_eq!(folder.store().load().await.unwrap().as_deref(), Some(""));
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("s.json/inside")).unwrap();
    assert!(replace(&folder.path("s.json"), "new").is_err());
    assert!(!folder.path("s.json.new").exists());
}

#[test]
fn no_async_thread_opens_or_locks_a_file() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (unblock, blocked) = mpsc::channel::<()>();
        let blocking = spawn_blocking(move || blocked.recv());
        let store = folder.store();
        let mut loading = std::pin::pin!(store.load());
        tokio::select! {
            biased;
            _ = &mut loading => panic!("without a blocking thread"),
            () = tokio::task::yield_now() => {}
        }
        assert!(!folder.path("s.json.lock").exists());
        drop(unblock);
        assert!(blocking.await.unwrap().is_err());
        assert_eq!(loading.await.unwrap(), None);
    });
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use tokio::time::timeout;

    use super::*;

    /// Much longer than any wait in these tests takes, unless something is broken.
    const LONG: Duration = Duration::from_secs(30);

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// A file that others may read, as somebody who plants links would like it to be changed.
    fn victim(folder: &Folder) -> PathBuf {
        let victim = folder.write("victim", "precious");
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
        victim
    }

    fn assert_unharmed(folder: &Folder) {
        assert_eq!(folder.text("victim"), "precious");
        assert_eq!(mode(&folder.path("victim")), 0o644);
    }

    fn fifo(path: &Path) {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    #[tokio::test]
    async fn only_the_owner_can_read_the_file() {
        let folder = Folder::new();
        let path = folder.write("s.json", "old");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let store = folder.store();
        store.load().await.unwrap();
        store.save("new").await.unwrap();
        assert_eq!(
            (folder.text("s.json").as_str(), mode(&path)),
            ("new", 0o600)
        );
        assert_eq!(mode(&folder.path("s.json.lock")), 0o600);
    }

    #[tokio::test]
    async fn a_link_in_place_of_the_new_file_is_removed_and_not_followed() {
        let folder = Folder::new();
        let victim = victim(&folder);
        let store = folder.store();
        store.load().await.unwrap();
        symlink(victim, folder.path("s.json.new")).unwrap();
        store.save("new").await.unwrap();
        assert_unharmed(&folder);
        let metadata = fs::symlink_metadata(folder.path("s.json")).unwrap();
        assert!(metadata.is_file());
        assert_eq!(folder.text("s.json"), "new");
    }

    #[tokio::test]
    async fn a_link_in_place_of_the_lock_is_an_error() {
        let folder = Folder::new();
        symlink(victim(&folder), folder.path("s.json.lock")).unwrap();
        let error = folder.store().load().await.unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
        assert_unharmed(&folder);
        symlink(folder.path("nothing"), folder.path("t.json.lock")).unwrap();
        let store = FileStore::new(folder.path("t.json"));
        assert!(store.load().await.is_err());
        assert!(
            !folder.path("nothing").exists(),
            "nothing is created either"
        );
    }

    #[tokio::test]
    async fn a_fifo_blocks_nothing() {
        for name in ["s.json.lock", "s.json", "s.json.new"] {
            let folder = Folder::new();
            fifo(&folder.path(name));
            let store = folder.store();
            let saved = timeout(LONG, async {
                store.load().await?;
                store.save("new").await
            });
            let saved = saved.await.unwrap();
            // What an earlier process may have left is replaced; nothing else is.
            assert_eq!(saved.is_ok(), name == "s.json.new", "{name}: {saved:?}");
        }
    }

    #[tokio::test]
    async fn a_link_to_the_file_stays_and_its_target_is_replaced() {
        let folder = Folder::new();
        fs::create_dir(folder.path("volume")).unwrap();
        symlink("volume/link.json", folder.path("s.json")).unwrap();
        // The target need not exist yet, and may be a link itself.
        symlink("sessions.json", folder.path("volume/link.json")).unwrap();
        let store = folder.store();
        assert_eq!(store.load().await.unwrap(), None);
        store.save("new").await.unwrap();
        let metadata = fs::symlink_metadata(folder.path("s.json")).unwrap();
        assert!(metadata.is_symlink());
        assert_eq!(folder.text("volume/sessions.json"), "new");
        store.release();
        let store = folder.store();
        assert_eq!(store.load().await.unwrap().as_deref(), Some("new"));
        // A process that is given the target uses the same lock.
        let target = FileStore::new(folder.path("volume/sessions.json"));
        assert!(Locked::open(&target.path).is_ok_and(|locked| !locked.try_lock()));
    }

    #[tokio::test]
    async fn links_in_a_circle_are_an_error() {
        let folder = Folder::new();
        symlink("t.json", folder.path("s.json")).unwrap();
        symlink("s.json", folder.path("t.json")).unwrap();
        let error = folder.store().load().await.unwrap_err().to_string();
        assert!(error.contains("too many symbolic links"), "{error}");
    }
}
