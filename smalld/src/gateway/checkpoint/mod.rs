//! What outlives the process: how far each shard's events have been handled.
//!
//! ```text
//! shard task -> Progress (progress.rs): the live state of one shard
//!                 |- Watermark (watermark.rs): up to which event all are handled
//!                 |- Poison (poison.rs): which events seem to end the process, and are skipped
//!                 v
//!               Checkpoint (document.rs): what is saved of a shard; all of them are a Document
//!                 v
//!               Saver (saver.rs): once a second, and when a shard asks for it
//!                 v
//!               Sessions (store.rs): a file (file.rs), or a store of the user
//! ```
//!
//! The next process reads the document, and each shard's progress starts from its checkpoint.

mod document;
mod file;
mod poison;
pub(crate) mod progress;
mod saver;
mod store;
pub(crate) mod watermark;

pub use self::store::{SessionStore, Sessions};

pub(crate) use self::document::{Checkpoint, Configuration, Document, SavedSession, unix_seconds};
pub(crate) use self::progress::{Progress, restore_shard};
pub(crate) use self::saver::{Saver, SaverGuard};
