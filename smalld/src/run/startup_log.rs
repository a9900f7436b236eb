//! What a bot logs at its start: its handlers, shards and intents, and what cannot work.

use std::fmt::Write as _;

use crate::bot::SmallD;
use crate::event::intents::Intents;
use crate::gateway::{SessionStartLimit, Shard};
use crate::run::plan::Plan;

/// A handler that panics would be a process that ends.
pub(super) fn warn_of_abort(plan: &Plan) {
    if cfg!(panic = "abort") && plan.handlers.iter().next().is_some() {
        tracing::warn!(target: "smalld", "this program is built with `panic = \"abort\"`: a handler that panics ends the whole bot instead of one event; take it out of the profile in Cargo.toml");
    }
}

/// Nearly all of them are told better by those that are missing.
pub(super) fn in_short(intents: Intents) -> String {
    let missing = Intents::all().difference(intents);
    match (missing.is_empty(), missing.iter().count() <= 3) {
        (true, _) => "all".to_owned(),
        (false, true) => format!("all but {missing}"),
        (false, false) => intents.to_string(),
    }
}

/// The dispatch table, a line each.
pub(super) fn list_handlers(bot: &SmallD, plan: &Plan) {
    let (version, address) = (env!("CARGO_PKG_VERSION"), bot.inner().rest.base().text());
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

/// Names each handler whose event cannot arrive, and those that get messages without content.
pub(super) fn warn_of_intents(plan: &Plan, intents: Intents) {
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
pub(super) fn who_needs(plan: &Plan) -> String {
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
