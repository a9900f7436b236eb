//! Response of `GET /applications/@me`: the bot's id, and which privileged intents the application may
//! use.

use std::time::Duration;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::error::{Error, Result, sentence};
use crate::event::intents::Intents;
use crate::gateway::checkpoint::document::Document;
use crate::rest::RateLimits;
use crate::run::plan::Plan;

/// How long a bot without a gateway waits for its own id. It can run without it.
const ID_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Application {
    flags: u64,
    bot: Option<User>,
}

#[derive(Deserialize)]
struct User {
    id: Box<str>,
}

/// The privileged intents that the application may use. Makes a request only if they matter, or if the
/// bot needs its id.
///
/// See [Discord Docs/Get Current Application](https://discord.com/developers/docs/resources/application#get-current-application).
pub(super) async fn granted(bot: &SmallD, plan: &Plan, document: Option<&Document>) -> Intents {
    let decides = plan.intents.depends_on_grants();
    // An `on_start` handler may need the bot's id, and runs before READY. After a resume there is no
    // READY.
    let has_start = plan.handlers.of_the_start().next().is_some();
    if !decides && !has_start && plan.sessions.is_none() {
        return Intents::empty();
    }
    let request = bot.get("/applications/@me").rate_limits(RateLimits::Wait);
    match request.json::<Application>().await {
        Ok(application) => {
            set_id(bot, application.bot);
            Intents::granted(application.flags)
        }
        Err(error) => unknown(bot, document, decides, &error),
    }
}

/// Asks for the bot's id. Used without a gateway, where there is no READY.
pub(super) async fn ask_for_id(bot: &SmallD) {
    let request = bot
        .get("/applications/@me")
        .retry(false)
        .timeout(ID_TIMEOUT);
    let application: Result<Application> = request.json().await;
    match application {
        Ok(application) => set_id(bot, application.bot),
        Err(error) => {
            let error = sentence(&error);
            tracing::warn!(target: "smalld", "`bot.id()` returns `None`, because the request for the bot's id failed: {error}");
        }
    }
}

fn set_id(bot: &SmallD, user: Option<User>) {
    if let Some(user) = user {
        // READY sets the same id again.
        let _ = bot.inner().id.set(user.id);
    }
}

/// The intents to assume if the request fails: those that an earlier process was granted.
fn unknown(bot: &SmallD, document: Option<&Document>, decides: bool, error: &Error) -> Intents {
    let error = sentence(error);
    let before = document.filter(|document| document.configuration.bot.is_some());
    if let Some(Document { configuration, .. }) = before {
        let id = configuration.bot.as_deref().unwrap_or_default();
        let _ = bot.inner().id.set(id.into());
        tracing::warn!(target: "smalld", "the request for the application's granted intents failed ({error}): using those of the last run");
        return Intents::from_bits_retain(configuration.intents) & Intents::privileged();
    }
    if decides {
        tracing::warn!(
            target: "smalld",
            "the request for the application's granted intents failed ({error}): starting without privileged intents"
        );
    } else {
        tracing::warn!(target: "smalld", "`bot.id()` returns `None` until READY, because the request for the bot's id failed: {error}");
    }
    Intents::empty()
}
