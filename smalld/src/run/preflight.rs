//! Steps before the first connection: handlers are checked and logged, Discord is asked for the gateway
//! and the application, and the intents are decided.

use std::sync::Arc;

use crate::bot::SmallD;
use crate::error::{Error, Result};
use crate::event::intents::Intents;
use crate::gateway::checkpoint::document::Document;
use crate::gateway::{SessionStartLimit, Shard};
use crate::run::plan::Plan;
use crate::run::{application, gateway_bot, startup_log};

/// What shards and sources need to start.
pub(super) struct Start {
    /// `None` if other sources replace the gateway.
    pub(super) gateway: Option<GatewayStart>,
    pub(super) intents: Intents,
}

/// What the first connections to the gateway need.
pub(super) struct GatewayStart {
    pub(super) url: String,
    pub(super) limit: SessionStartLimit,
    pub(super) shards: Arc<[Shard]>,
    /// What an earlier process saved.
    pub(super) document: Option<Document>,
}

/// Checks that the bot can provide every parameter of every handler. The error lists all that are
/// missing.
pub(super) fn check(bot: &SmallD, plan: &Plan) -> Result<()> {
    let handlers = plan.handlers.iter();
    let mistakes: Vec<String> = handlers.flat_map(|handler| handler.check(bot)).collect();
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Error::config(mistakes.join("\n")))
    }
}

pub(super) async fn prepare(bot: SmallD, plan: Arc<Plan>) -> Result<Start> {
    startup_log::list_handlers(&bot, &plan);
    startup_log::warn_of_abort(&plan);
    if !bot.has_gateway() {
        application::ask_for_id(&bot).await;
        return Ok(Start {
            gateway: None,
            intents: Intents::empty(),
        });
    }
    let document = document(&plan).await?;
    let gateway = gateway_bot::gateway(&bot).await?;
    let shards = bot.inner().shards.set_recommended(gateway.shards);
    let granted = application::granted(&bot, &plan, document.as_ref()).await;
    let intents = plan.intents.resolve(granted);
    tracing::info!(target: "smalld", "intents: {}", startup_log::in_short(intents));
    let limit = gateway.limit();
    startup_log::shards(&shards, &limit);
    startup_log::warn_of_intents(&plan, intents);
    let gateway = GatewayStart {
        url: gateway.url,
        limit,
        shards,
        document,
    };
    Ok(Start {
        gateway: Some(gateway),
        intents,
    })
}

/// What an earlier process saved. If it cannot be parsed, that is logged and the bot starts without it.
async fn document(plan: &Plan) -> Result<Option<Document>> {
    let Some(sessions) = &plan.sessions else {
        return Ok(None);
    };
    let text = sessions.load().await.map_err(|error| {
        Error::config(format!(
            "the saved sessions cannot be loaded: {error} (option `sessions`)"
        ))
    })?;
    let Some(text) = text else { return Ok(None) };
    match Document::parse(&text) {
        Ok(document) => Ok(Some(document)),
        Err(why) => {
            tracing::warn!(target: "smalld", "the saved sessions cannot be read, so the bot starts new sessions: {why}");
            Ok(None)
        }
    }
}
