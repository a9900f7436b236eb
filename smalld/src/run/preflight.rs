//! What happens before the first connection: handlers are checked and listed, the gateway's
//! address is asked for, and the intents are settled.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::error::duration::Readable;
use crate::error::{Error, Result, sentence};
use crate::event::intents::Intents;
use crate::gateway::checkpoint::document::Document;
use crate::gateway::{SessionStartLimit, Shard};
use crate::rest::{RateLimits, Request};
use crate::run::plan::Plan;

/// The longest wait between two attempts to ask for the gateway's address.
const CAP: Duration = Duration::from_secs(60);
/// Session starts left at which a warning is due.
const FEW: u32 = 50;

/// What the first connections need.
pub(crate) struct Start {
    pub(crate) gateway_url: String,
    pub(crate) limit: SessionStartLimit,
    pub(crate) intents: Intents,
    pub(crate) shards: Arc<[Shard]>,
    /// What an earlier process left.
    pub(crate) document: Option<Document>,
}

/// Every parameter of every handler can be had, or all that lack something are named.
pub(crate) fn check(bot: &SmallD, plan: &Plan) -> Result<()> {
    let lacks: Vec<String> = plan
        .handlers
        .iter()
        .flat_map(|handler| handler.check(bot))
        .collect();
    if lacks.is_empty() {
        Ok(())
    } else {
        Err(Error::config(lacks.join("\n")))
    }
}

pub(crate) async fn prepare(bot: &SmallD, plan: &Plan) -> Result<Start> {
    list_handlers(bot, plan);
    warn_of_abort(plan);
    let document = document(plan).await?;
    let gateway = gateway(bot).await?;
    let shards = bot.inner().shards.recommended(gateway.shards);
    let granted = granted(bot, plan, document.as_ref()).await;
    let intents = plan.intents.resolve(granted);
    tracing::info!(target: "smalld", "intents: {}", in_short(intents));
    let limit = gateway.session_start_limit.limit();
    tell_of_shards(&shards, &limit);
    warn_of_intents(plan, intents);
    Ok(Start {
        gateway_url: gateway.url,
        limit,
        intents,
        shards,
        document,
    })
}

fn tell_of_shards(shards: &[Shard], limit: &SessionStartLimit) {
    let SessionStartLimit {
        total, remaining, ..
    } = limit;
    if let [first, .., last] = shards {
        let (first, last, count) = (first.id(), last.id(), first.count());
        tracing::info!(target: "smalld", "shards {first} to {last} of {count}; session starts left: {remaining} of {total}");
    } else {
        tracing::info!(target: "smalld", "session starts left: {remaining} of {total}");
    }
}

/// What an earlier process has saved. What cannot be understood is told, and then forgotten.
async fn document(plan: &Plan) -> Result<Option<Document>> {
    let Some(sessions) = &plan.sessions else {
        return Ok(None);
    };
    let text = sessions.load().await.map_err(|error| {
        Error::config(format!(
            "the sessions cannot be loaded: {error}; see `sessions`"
        ))
    })?;
    let Some(text) = text else { return Ok(None) };
    match Document::parse(&text) {
        Ok(document) => Ok(Some(document)),
        Err(why) => {
            tracing::warn!(target: "smalld", "the saved sessions cannot be read and are not resumed: {why}");
            Ok(None)
        }
    }
}

/// A handler that panics would be a process that ends.
fn warn_of_abort(plan: &Plan) {
    if cfg!(panic = "abort") && plan.handlers.iter().next().is_some() {
        tracing::warn!(target: "smalld", "this program is built with `panic = \"abort\"`: a handler that panics ends the whole bot instead of one event; take it out of the profile in Cargo.toml");
    }
}

/// Nearly all of them are told better by those that are missing.
fn in_short(intents: Intents) -> String {
    let missing = Intents::all().difference(intents);
    match (missing.is_empty(), missing.iter().count() <= 3) {
        (true, _) => "all".to_owned(),
        (false, true) => format!("all but {missing}"),
        (false, false) => intents.to_string(),
    }
}

/// The dispatch table, a line each.
fn list_handlers(bot: &SmallD, plan: &Plan) {
    let inner = bot.inner();
    let (version, address) = (env!("CARGO_PKG_VERSION"), inner.rest.base().text());
    tracing::info!(target: "smalld", "smalld {version}, Discord at {address}");
    for handler in plan.handlers.iter() {
        tracing::info!(target: "smalld", "{} -> {handler}", handler.wants());
    }
    if plan.handlers.iter().next().is_none() {
        tracing::warn!(
            target: "smalld",
            "there are no handlers: put `#[smalld::on(message_create)]` on a function. Handlers in a crate that nothing mentions are not linked: `use my_handlers as _;` does it"
        );
    }
}

#[derive(Deserialize)]
struct GatewayBot {
    url: String,
    #[serde(default = "one")]
    shards: u32,
    session_start_limit: SessionStartLimitJson,
}

#[derive(Deserialize)]
struct SessionStartLimitJson {
    total: u32,
    remaining: u32,
    /// In milliseconds.
    reset_after: u64,
    #[serde(default = "one")]
    max_concurrency: u32,
}

fn one() -> u32 {
    1
}

impl SessionStartLimitJson {
    fn limit(&self) -> SessionStartLimit {
        SessionStartLimit {
            total: self.total,
            remaining: self.remaining,
            reset_after: Duration::from_millis(self.reset_after),
            max_concurrency: self.max_concurrency,
        }
    }
}

/// Asks once more where the gateway is; `None` where that cannot be told now.
pub(crate) async fn address(bot: SmallD) -> Option<String> {
    let gateway = ask(&bot).json::<GatewayBot>().await;
    gateway.ok().map(|gateway| gateway.url)
}

/// A request for the gateway's address. That it is repeated is decided here.
fn ask(bot: &SmallD) -> Request {
    let asked = bot.get("/gateway/bot").rate_limits(RateLimits::Wait);
    asked.retry(false)
}

/// Asks where the gateway is, as often as it takes.
///
/// See [Discord Docs/Get Gateway Bot](https://discord.com/developers/docs/events/gateway#get-gateway-bot).
async fn gateway(bot: &SmallD) -> Result<GatewayBot> {
    let mut wait = Duration::from_secs(1);
    loop {
        let error = match ask(bot).json::<GatewayBot>().await {
            Ok(gateway) => return Ok(gateway),
            Err(error) => error,
        };
        let passes = match &error {
            // What is no JSON, or not this, is the page of somebody in between.
            Error::Network(_) | Error::Json(_) => true,
            Error::Http(error) => error.response.status >= 500,
            _ => false,
        };
        if !passes {
            return Err(error);
        }
        let (error, again) = (sentence(&error), Readable(wait));
        tracing::warn!(target: "smalld", "{error}; asking again in {again}");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(CAP);
    }
}

/// Whether so many shards may identify now: Discord resets the token of a bot that starts more
/// sessions than it may. Those that resume cost nothing, and do so though the others wait.
pub(crate) fn check_starts(limit: &SessionStartLimit, needed: usize, shards: usize) -> Result<()> {
    let SessionStartLimit {
        total,
        remaining,
        reset_after,
        ..
    } = limit;
    let reset = Readable(*reset_after);
    if needed == shards && *remaining == 0 {
        return Err(Error::gateway(format!(
            "all {total} session starts of the day are used up, and one more would make Discord reset the bot's token; start again in {reset}, and look for what starts the bot so often"
        )));
    }
    if needed > 0 && *remaining <= FEW.max(u32::try_from(needed).unwrap_or(u32::MAX)) {
        tracing::warn!(target: "smalld", "{remaining} of {total} session starts are left for the next {reset}, and {needed} are needed now");
    }
    Ok(())
}

/// The privileged intents that the application may use, where it matters.
async fn granted(bot: &SmallD, plan: &Plan, document: Option<&Document>) -> Intents {
    #[derive(Deserialize)]
    struct Application {
        flags: u64,
        bot: Option<User>,
    }
    #[derive(Deserialize)]
    struct User {
        id: Box<str>,
    }
    let inner = bot.inner();
    let decides = plan.intents.depends_on_grants();
    // A handler of the start may ask for the bot's id, and comes before READY; a session that is
    // resumed brings no READY at all.
    let has_start = plan.handlers.of_the_start().next().is_some();
    if !decides && !has_start && plan.sessions.is_none() {
        return Intents::empty();
    }
    let asked = bot.get("/applications/@me").rate_limits(RateLimits::Wait);
    match asked.json::<Application>().await {
        Ok(application) => {
            if let Some(user) = application.bot {
                // READY says the same, later.
                let _ = inner.id.set(user.id);
            }
            Intents::granted(application.flags)
        }
        Err(error) => not_told(bot, document, decides, &error),
    }
}

/// What an earlier process was granted, and which bot it was, will do where Discord does not say.
fn not_told(bot: &SmallD, document: Option<&Document>, decides: bool, error: &Error) -> Intents {
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

/// Names each handler whose event cannot arrive, and those that get messages without content.
fn warn_of_intents(plan: &Plan, intents: Intents) {
    for handler in plan.handlers.iter() {
        for (event, needed) in handler.needs() {
            let privileged = needed & Intents::privileged();
            if !needed.is_empty() && !needed.intersects(intents) {
                let way = way_to(needed, privileged);
                tracing::warn!(target: "smalld", "handler {handler} is never called: {event} comes with {needed} only; {way}");
            } else if event.starts_with("MESSAGE_") && lacks_content(event, intents) {
                tracing::warn!(
                    target: "smalld",
                    "handler {handler} gets messages without their content (but for mentions and direct messages): {}",
                    way_to(Intents::MESSAGE_CONTENT, Intents::MESSAGE_CONTENT)
                );
            }
        }
    }
}

fn lacks_content(event: &str, intents: Intents) -> bool {
    matches!(event, "MESSAGE_CREATE" | "MESSAGE_UPDATE")
        && intents.contains(Intents::GUILD_MESSAGES)
        && !intents.contains(Intents::MESSAGE_CONTENT)
}

fn way_to(needed: Intents, privileged: Intents) -> String {
    if privileged.is_empty() {
        return format!("add {needed} to `intents`");
    }
    format!(
        "enable {privileged} at https://discord.com/developers/applications (your application, Bot, Privileged Gateway Intents), and add it to `intents` if you name them"
    )
}

/// The handlers that need privileged intents, a line each.
pub(crate) fn who_needs(plan: &Plan) -> String {
    let mut lines = String::new();
    for handler in plan.handlers.iter() {
        let needed = handler.intents() & Intents::privileged();
        if !needed.is_empty() && handler.needs().next().is_some() {
            let _ = write!(lines, "\n  {needed}: handler {handler}");
        }
    }
    if lines.is_empty() {
        return "; no handler needs them".to_owned();
    }
    format!("; these need them:{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_can_resume_run_though_no_session_starts_are_left() {
        let limit = |remaining| SessionStartLimit {
            total: 1000,
            remaining,
            reset_after: Duration::from_secs(7200),
            max_concurrency: 1,
        };
        assert!(check_starts(&limit(0), 0, 4).is_ok());
        assert!(check_starts(&limit(0), 1, 4).is_ok(), "one of them waits");
        assert!(check_starts(&limit(1), 4, 4).is_ok());
        let error = check_starts(&limit(0), 4, 4).unwrap_err().to_string();
        assert!(error.contains("start again in 2 h,"), "{error}");
    }
}
