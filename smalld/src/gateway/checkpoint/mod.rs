//! What outlives the process: how far each session has been handled, and where that is kept.

mod document;
mod file;
pub(crate) mod progress;
mod saver;
mod store;
pub(crate) mod watermark;

pub use self::store::{SessionStore, Sessions};

pub(crate) use self::document::{Configuration, Document, restore};
pub(crate) use self::saver::{Saver, SaverGuard};
