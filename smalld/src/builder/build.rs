//! From options to a bot: the token, the headers, the HTTP client and TLS.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::retry;
use rustls::ClientConfig;
use tokio::sync::watch;

use crate::bot::{Inner, SmallD};
use crate::builder::Builder;
use crate::dispatch::Handlers;
use crate::error::{Error, Result};
use crate::gateway::Connect;
use crate::gateway::shards::OwnShards;
use crate::rest::{Base, DISCORD, Rest};
use crate::run::plan::Plan;
use crate::run::requested_intents::RequestedIntents;
use crate::shutdown::ShutdownPhase;
use crate::tls;
use crate::token::Token;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Builder {
    /// Builds the bot.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there is no token or an option is invalid.
    pub fn build(self) -> Result<SmallD> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let token = self
            .token
            .as_deref()
            .map_or_else(Token::from_env, Token::new)?;
        let base_url = self
            .base_url
            .or_else(|| std::env::var("SMALLD_BASE_URL").ok());
        let base = Base::new(base_url.as_deref().unwrap_or(DISCORD), self.allow_http)?;
        let user_agent = user_agent(self.user_agent.as_deref())?;
        let tls = tls::client_config(!base.is_loopback())?;
        let client = client(&base, &tls, &user_agent)?;
        let connect = Connect {
            tls: Arc::new(tls),
            user_agent,
            version: base.version().to_string(),
            allow_plain: !base.is_encrypted(),
            compression: self.compression,
        };
        let handlers = self.handlers.unwrap_or_else(Handlers::registered);
        let authorization = authorization(&token)?;
        let router = self.sources.iter().find_map(|source| source.router.clone());
        let plan = Plan {
            intents: RequestedIntents::new(self.intents, &handlers),
            handlers,
            identify: self.identify,
            connect,
            shutdown_timeout: self.shutdown_timeout,
            sessions: self.sessions,
            sources: Mutex::new(Some(self.sources)),
            signals: self.signals,
            blocking_threads: self.blocking_threads,
            token,
        };
        Ok(SmallD::from_inner(Inner {
            rest: Rest::new(
                client,
                base,
                authorization,
                self.rate_limits,
                self.global_limit,
            ),
            states: self.states,
            shards: OwnShards::new(&self.shards, !self.replaces_gateway),
            id: OnceLock::new(),
            shutdown: watch::Sender::new(ShutdownPhase::Running),
            running: AtomicBool::new(false),
            has_gateway: !self.replaces_gateway,
            router,
            runner: Arc::new(plan),
        }))
    }
}

/// The `User-Agent` in the form that Discord requires; Discord blocks requests without it.
///
/// See [Discord Docs/User Agent](https://discord.com/developers/docs/reference#user-agent).
fn user_agent(more: Option<&str>) -> Result<HeaderValue> {
    let required = concat!(
        "DiscordBot (",
        env!("CARGO_PKG_REPOSITORY"),
        ", ",
        env!("CARGO_PKG_VERSION"),
        ")"
    );
    let text = match more {
        None => required.to_owned(),
        Some(more) => format!("{required} {more}"),
    };
    HeaderValue::try_from(text).map_err(|_| {
        Error::config("`user_agent` contains characters that are not allowed in an HTTP header: use printable ASCII")
    })
}

fn authorization(token: &Token) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bot {}", token.expose())).map_err(|_| {
        Error::config("the bot token contains characters that are not allowed in an HTTP header")
    })?;
    // Keeps the token out of the Debug output of HTTP libraries.
    value.set_sensitive(true);
    Ok(value)
}

fn client(base: &Base, tls: &ClientConfig, user_agent: &HeaderValue) -> Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .user_agent(user_agent.clone())
        // Following a redirect could send the token to another host.
        .redirect(Policy::none())
        // smalld sends again by its own rules. This saves a copy of each request.
        .retry(retry::never().max_retries_per_request(0))
        .connect_timeout(CONNECT_TIMEOUT);
    // A proxy cannot reach this machine, and should not see the token.
    let client = if base.is_loopback() {
        client.no_proxy()
    } else {
        client
    };
    client
        .build()
        .map_err(|error| Error::config(format!("the HTTP client cannot be built: {error}")))
}
