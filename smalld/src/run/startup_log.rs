//! Startup log of a bot: its handlers, shards and intents, and warnings about handlers that cannot work.

use std::fmt::Write as _;

use crate::bot::SmallD;
use crate::event::intents::Intents;
use crate::gateway::{SessionStartLimit, Shard};
use crate::run::plan::Plan;

/// Warns if a panic in a handler would end the process.
pub(super) fn warn_of_abort(plan: &Plan) {
    if cfg!(panic = "abort") && plan.handlers.iter().next().is_some() {
        tracing::warn!(target: "smalld", "this program is built with `panic = \"abort\"`, so a handler that panics ends the whole bot: remove it from the profile in Cargo.toml");
    }
}

/// The names of the intents, or of the missing ones if that is shorter.
pub(super) fn in_short(intents: Intents) -> String {
    let missing = Intents::all().difference(intents);
    match (missing.is_empty(), missing.iter().count() <= 3) {
        (true, _) => "all".to_owned(),
        (false, true) => format!("all except {missing}"),
        (false, false) => intents.to_string(),
    }
}

/// Logs one line per handler.
pub(super) fn list_handlers(bot: &SmallD, plan: &Plan) {
    let (version, address) = (env!("CARGO_PKG_VERSION"), bot.inner().rest.base().text());
    tracing::info!(target: "smalld", "smalld {version}, Discord at {address}");
    for handler in plan.handlers.iter() {
        tracing::info!(target: "smalld", "{} -> {handler}", handler.wants());
    }
    if plan.handlers.iter().next().is_none() {
        tracing::warn!(
            target: "smalld",
            "no handlers were found: put `#[smalld::on(message_create)]` on a function; if the handlers are in another crate, write `use my_handlers as _;`, or that crate is not linked"
        );
    }
}

pub(super) fn shards(shards: &[Shard], limit: &SessionStartLimit) {
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

/// Warns of each handler whose events Discord does not send, or whose messages have no content.
pub(super) fn warn_of_intents(plan: &Plan, intents: Intents) {
    for handler in plan.handlers.iter() {
        for (event, needed) in handler.needs() {
            let privileged = needed & Intents::privileged();
            if !needed.is_empty() && !needed.intersects(intents) {
                let way = way_to(needed, privileged);
                tracing::warn!(target: "smalld", "handler {handler} is never called, because {event} needs the intent {needed}: {way}");
            } else if event.starts_with("MESSAGE_") && lacks_content(event, intents) {
                tracing::warn!(
                    target: "smalld",
                    "handler {handler} gets messages without content, except direct messages and mentions of the bot: {}",
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
        "enable {privileged} at https://discord.com/developers/applications (your application, Bot, Privileged Gateway Intents), and add it to `intents` if the bot sets them"
    )
}

/// The handlers that need privileged intents, one line each.
pub(super) fn who_needs(plan: &Plan) -> String {
    let mut lines = String::new();
    for handler in plan.handlers.iter() {
        let needed = handler.intents() & Intents::privileged();
        if !needed.is_empty() && handler.needs().next().is_some() {
            let _ = write!(lines, "\n  {needed}: handler {handler}");
        }
    }
    if lines.is_empty() {
        return "; no handler needs privileged intents".to_owned();
    }
    format!("; these handlers need privileged intents:{lines}")
}
