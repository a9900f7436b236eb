//! Calls into user code that may panic, from code that must not.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Payload of a panic.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Calls a closure. Returns `None` if it panics.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(panic) => {
            discard(panic);
            None
        }
    }
}

/// Drops the payload of a panic, whose `Drop` may panic again.
pub(crate) fn discard(panic: Panic) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // Every drop could panic again, without end. A small leak is better.
        std::mem::forget(again);
    }
}

/// Drops a value of user code, whose `Drop` may panic.
pub(crate) fn drop_guarded<T>(value: T) {
    let _ = guarded(|| drop(value));
}
