//! What happens before the first connection: handlers are checked and listed, the gateway's
//! address is asked for, and the intents are settled.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::dispatch::Kind;
use crate::error::{Error, Result};
use crate::intents::Intents;
use crate::rest::RateLimits;

/// The longest wait between two attempts to ask for the gateway's address.
const CAP: Duration = Duration::from_secs(60);
/// Session starts left at which a warning is due.
const FEW: u32 = 50;

/// What the first connection needs.
pub(crate) struct Start {
    pub(crate) gateway_url: String,
    pub(crate) intents: Intents,
}

/// Every parameter of every handler can be had, or all that lack something are named.
pub(crate) fn check(bot: &SmallD) -> Result<()> {
    let lacks: Vec<String> = bot
        .inner()
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

pub(crate) async fn prepare(bot: &SmallD) -> Result<Start> {
    list_handlers(bot);
    let gateway = gateway(bot).await?;
    let granted = granted(bot).await;
    let intents = bot.inner().settings.intents.resolve(granted);
    tracing::info!(target: "smalld", "intents: {}", in_short(intents));
    warn_of_intents(bot, intents);
    Ok(Start {
        gateway_url: gateway.url,
        intents,
    })
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
fn list_handlers(bot: &SmallD) {
    let inner = bot.inner();
    let (version, address) = (env!("CARGO_PKG_VERSION"), inner.rest.base().text());
    tracing::info!(target: "smalld", "smalld {version}, Discord at {address}");
    for handler in inner.handlers.iter() {
        tracing::info!(target: "smalld", "{} -> {handler}", handler.wants());
    }
    if inner.handlers.iter().next().is_none() {
        tracing::warn!(
            target: "smalld",
            "there are no handlers: put `#[smalld::on(message_create)]` on a function. Handlers in a crate that nothing mentions are not linked: `use my_handlers as _;` does it"
        );
    }
}

#[derive(Deserialize)]
struct GatewayBot {
    url: String,
    session_start_limit: SessionStartLimit,
}

#[derive(Deserialize)]
struct SessionStartLimit {
    total: u32,
    remaining: u32,
    /// In milliseconds.
    reset_after: u64,
}

/// Asks where the gateway is, as often as it takes.
///
/// See [Discord Docs/Get Gateway Bot](https://discord.com/developers/docs/events/gateway#get-gateway-bot).
async fn gateway(bot: &SmallD) -> Result<GatewayBot> {
    let mut wait = Duration::from_secs(1);
    loop {
        let asked = bot.get("/gateway/bot").rate_limits(RateLimits::Wait);
        let error = match asked.json::<GatewayBot>().await {
            Ok(gateway) => return gateway.session_start_limit.check().map(|()| gateway),
            Err(error) => error,
        };
        let passes = match &error {
            Error::Network(_) => true,
            Error::Http(error) => error.response.status >= 500,
            _ => false,
        };
        if !passes {
            return Err(error);
        }
        tracing::warn!(target: "smalld", "{error}; asking again in {wait:?}");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(CAP);
    }
}

impl SessionStartLimit {
    /// Discord resets the token of a bot that starts more sessions than it may.
    fn check(&self) -> Result<()> {
        let Self {
            total,
            remaining,
            reset_after,
        } = self;
        let reset = Duration::from_millis(*reset_after);
        if *remaining == 0 {
            return Err(Error::gateway(format!(
                "all {total} session starts of the day are used up, and one more would make Discord reset the bot's token; start again in {reset:.0?}, and look for what starts the bot so often"
            )));
        }
        if *remaining <= FEW {
            tracing::warn!(target: "smalld", "{remaining} of {total} session starts are left for the next {reset:.0?}");
        }
        Ok(())
    }
}

/// The privileged intents that the application may use, where it matters.
async fn granted(bot: &SmallD) -> Intents {
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
    let decides = inner.settings.intents.depends_on_grants();
    // A handler of the start may ask for the bot's id, and comes before READY.
    if !decides && inner.handlers.of(Kind::Start).next().is_none() {
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
        Err(error) if !decides => {
            tracing::warn!(target: "smalld", "the bot's id is not known at its start ({error})");
            Intents::empty()
        }
        Err(error) => {
            tracing::warn!(
                target: "smalld",
                "whether the application has been granted privileged intents is not known ({error}); going on without them"
            );
            Intents::empty()
        }
    }
}

/// Names each handler whose event cannot arrive, and those that get messages without content.
fn warn_of_intents(bot: &SmallD, intents: Intents) {
    for handler in bot.inner().handlers.iter() {
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
pub(crate) fn who_needs(bot: &SmallD) -> String {
    let mut lines = String::new();
    for handler in bot.inner().handlers.iter() {
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
