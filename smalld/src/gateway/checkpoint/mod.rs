//! What outlives the process: how far each shard's events have been handled.
//!
//! ```text
//! shard task -> Progress (progress.rs): the live state of one shard
//!                 |- Watermark (watermark.rs): up to which event all are handled
//!                 |- SessionStarts (../protocol): how many sessions did not last
//!                 |- Poison (poison.rs): which events seem to end the process, and are skipped
//!                 v
//!               Checkpoint (document.rs): what is saved of a shard; all of them are a Document
//!                 v
//!               Saver (saver.rs): once a second, and when a shard asks for it
//!                 v
//!               Sessions (sessions.rs): a file (file.rs), or a store of the user (store.rs)
//! ```
//!
//! The next process reads the document; `restore` decides what each shard's progress starts from.

pub(crate) mod document;
mod file;
mod poison;
pub(crate) mod progress;
mod restore;
pub(crate) mod saver;
pub(crate) mod sessions;
mod store;
pub(crate) mod watermark;

pub use self::sessions::Sessions;
pub use self::store::SessionStore;
