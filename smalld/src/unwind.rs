//! Calls into code of users that may panic, at a place that must go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic was raised with.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Calls it, and returns `None` if it panics.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(panic) => {
            discard(panic);
            None
        }
    }
}

/// Drops what a panic was raised with, which may panic again.
pub(crate) fn discard(panic: Panic) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // Such a value may do so for ever; a small leak is the lesser evil.
        std::mem::forget(again);
    }
}

/// Drops a value of a user's, whose `Drop` may panic.
pub(crate) fn drop_guarded<T>(value: T) {
    let _ = guarded(|| drop(value));
}
