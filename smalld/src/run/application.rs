//! What Discord says of the application: which bot it is, and which privileged intents it may use.

use std::time::Duration;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::error::{Error, Result, sentence};
use crate::event::intents::Intents;
use crate::gateway::checkpoint::document::Document;
use crate::rest::RateLimits;
use crate::run::plan::Plan;

/// How long a bot without a gateway waits for its own id, which it can do without.
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

/// The privileged intents that the application may use. Asks only if the answer matters.
///
/// See [Discord Docs/Get Current Application](https://discord.com/developers/docs/resources/application#get-current-application).
pub(super) async fn granted(bot: &SmallD, plan: &Plan, document: Option<&Document>) -> Intents {
    let decides = plan.intents.depends_on_grants();
    // A handler of the start may ask for the bot's id, and runs before READY; a session that is
    // resumed brings no READY at all.
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

/// Learns the bot's id where no READY brings it.
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
            tracing::warn!(target: "smalld", "`bot.id()` stays unknown, because Discord could not be asked: {error}");
        }
    }
}

fn set_id(bot: &SmallD, user: Option<User>) {
    if let Some(user) = user {
        // READY says the same, later.
        let _ = bot.inner().id.set(user.id);
    }
}

/// If Discord does not answer, what an earlier process was granted still holds.
fn unknown(bot: &SmallD, document: Option<&Document>, decides: bool, error: &Error) -> Intents {
    let error = sentence(error);
    let before = document.filter(|document| document.configuration.bot.is_some());
    if let Some(Document { configuration, .. }) = before {
        let id = configuration.bot.as_deref().unwrap_or_default();
        let _ = bot.inner().id.set(id.into());
        tracing::warn!(target: "smalld", "the intents that the application has been granted are not known ({error}): using those of the last run");
        return Intents::from_bits_retain(configuration.intents) & Intents::privileged();
    }
    if decides {
        tracing::warn!(
            target: "smalld",
            "the privileged intents that the application has been granted are not known ({error}): going on without any"
        );
    } else {
        tracing::warn!(target: "smalld", "the bot's user id is not known before READY ({error})");
    }
    Intents::empty()
}
