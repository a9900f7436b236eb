//! Values that handlers share, as a parameter.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::bot::SmallD;
use crate::dispatch::extract::FromBot;
use crate::error::BoxError;

/// A value that was given to [`state`](crate::Builder::state), shared by all handlers.
///
/// It dereferences to `T`. A handler that takes a `State` that was not given is an error at startup.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use smalld::State;
///
/// #[derive(Default)]
/// struct Count {
///     messages: AtomicU64,
/// }
///
/// #[smalld::on(message_create)]
/// fn count(count: State<Count>) {
///     count.messages.fetch_add(1, Ordering::Relaxed);
/// }
///
/// # fn main() {
/// let bot = smalld::SmallD::builder().token("a.b.c").state(Count::default());
/// # let _ = bot;
/// # }
/// ```
pub struct State<T>(
    /// The value, which can be moved into a task: `State(count): State<Count>`.
    pub Arc<T>,
);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromBot for State<T> {
    fn from_bot(bot: &SmallD) -> Result<Self, BoxError> {
        bot.states()
            .get()
            .map(State)
            .ok_or_else(|| missing::<T>().into())
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        bot.states().get::<T>().map(drop).ok_or_else(missing::<T>)
    }
}

fn missing<T>() -> String {
    let ty = type_name::<T>();
    format!(
        "no `{ty}` was given for its `State<{ty}>`: add `state = ..` to `smalld::run!(..)`, or `.state(..)` to the builder"
    )
}
