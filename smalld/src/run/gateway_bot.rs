//! Response of `GET /gateway/bot`: the gateway's address, the recommended number of shards, and how
//! many sessions may be started.

use std::time::Duration;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::error::duration::Readable;
use crate::error::{Error, Result, sentence};
use crate::gateway::SessionStartLimit;
use crate::rest::{RateLimits, Request};

/// The longest wait between two attempts to ask for the gateway's address.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(60);
/// A warning is logged if this many session starts are left, or fewer.
const LOW_START_BUDGET: u32 = 50;

#[derive(Deserialize)]
pub(super) struct GatewayBot {
    pub(super) url: String,
    #[serde(default = "one")]
    pub(super) shards: u32,
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

impl GatewayBot {
    pub(super) fn limit(&self) -> SessionStartLimit {
        let limit = &self.session_start_limit;
        SessionStartLimit {
            total: limit.total,
            remaining: limit.remaining,
            reset_after: Duration::from_millis(limit.reset_after),
            max_concurrency: limit.max_concurrency,
        }
    }
}

/// Asks once for the gateway's address. Returns `None` if the request fails.
pub(super) async fn address(bot: SmallD) -> Option<String> {
    let gateway = ask(&bot).json::<GatewayBot>().await;
    gateway.ok().map(|gateway| gateway.url)
}

/// A request for the gateway's address. It is not retried by the REST client, because `gateway` decides
/// when to retry.
fn ask(bot: &SmallD) -> Request {
    let asked = bot.get("/gateway/bot").rate_limits(RateLimits::Wait);
    asked.retry(false)
}

/// Asks for the gateway's address, and retries until Discord answers or refuses.
///
/// See [Discord Docs/Get Gateway Bot](https://discord.com/developers/docs/events/gateway#get-gateway-bot).
pub(super) async fn gateway(bot: &SmallD) -> Result<GatewayBot> {
    let mut wait = Duration::from_secs(1);
    loop {
        let error = match ask(bot).json::<GatewayBot>().await {
            Ok(gateway) => return Ok(gateway),
            Err(error) => error,
        };
        let is_temporary = match &error {
            // A body that does not parse comes from a proxy, not from Discord.
            Error::Network(_) | Error::Json(_) => true,
            Error::Http(error) => error.response.status >= 500,
            _ => false,
        };
        if !is_temporary {
            return Err(error);
        }
        let (error, again) = (sentence(&error), Readable(wait));
        tracing::warn!(target: "smalld", "{error}; asking again in {again}");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(MAX_RETRY_INTERVAL);
    }
}

/// Checks that `needed` of the shards may start a session now. Discord resets the token of a bot that
/// starts more sessions than it may. If some shards can resume, which costs no session start, the bot
/// starts anyway, and the others wait.
pub(super) fn check_starts(limit: &SessionStartLimit, needed: usize, shards: usize) -> Result<()> {
    let SessionStartLimit {
        total,
        remaining,
        reset_after,
        ..
    } = limit;
    let reset = Readable(*reset_after);
    if needed == shards && *remaining == 0 {
        return Err(Error::gateway(format!(
            "all {total} session starts of the day are used, and one more would make Discord reset the bot's token: start again in {reset}, and find out what starts the bot so often"
        )));
    }
    if needed > 0 && *remaining <= LOW_START_BUDGET.max(u32::try_from(needed).unwrap_or(u32::MAX)) {
        tracing::warn!(target: "smalld", "only {remaining} of {total} session starts are left for the next {reset}, and the bot needs {needed} now: restart it less often, or save its sessions (option `sessions`)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_can_resume_start_even_if_no_session_starts_are_left() {
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
