//! A bot of twilight, as its documentation shows it. The first argument says which:
//!
//! - `spawn` parses messages only and spawns a task for each, as the examples do.
//! - `inline` does the same without the task.
//! - `ping` spawns a task for each message and answers pings.
//! - `rest` makes requests, 64 at once.

use std::env;
use std::error::Error;
use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, MessageSender, Shard, StreamExt as _,
};
use twilight_http::Client;
use twilight_http_ratelimiting::RateLimiter;
use twilight_model::id::Id;

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    tracing_subscriber::fmt::init();
    let provider = rustls::crypto::ring::default_provider();
    provider
        .install_default()
        .map_err(|_| "a provider is installed")?;
    let token = env::var("SMALLD_TOKEN")?;
    let url = env::var("SMALLD_BASE_URL")?;
    let address = url
        .trim_start_matches("http://")
        .trim_end_matches("/api/v10")
        .to_owned();
    let http = Client::builder()
        .token(token.clone())
        .proxy(address.clone(), true);
    // Far above what a bot of Discord's may send, so that the limiter works but nobody waits.
    let http = http.ratelimiter(Some(RateLimiter::new(u16::MAX)));
    let http = Arc::new(http.build());
    let role = env::args().nth(1).unwrap_or_default();
    if role == "rest" {
        return requests(http).await;
    }
    let shards: u32 = env::var("LOAD_SHARDS")?.parse()?;
    let queue = InMemoryQueue::new(u16::MAX, u32::MAX, Default::default(), u32::MAX);
    let config = ConfigBuilder::new(token, Intents::all()).queue(queue);
    let config = config.proxy_url(format!("ws://{address}")).build();
    let mut tasks = JoinSet::new();
    for id in twilight_gateway::bucket(0, 1, shards) {
        let shard = Shard::with_config(id, config.clone());
        tasks.spawn(run(shard, Arc::clone(&http), role == "inline"));
    }
    tasks.join_all().await;
    Ok(())
}

async fn run(mut shard: Shard<InMemoryQueue>, http: Arc<Client>, is_inline: bool) {
    while let Some(item) = shard.next_event(EventTypeFlags::MESSAGE_CREATE).await {
        let event = match item {
            Ok(event) => event,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        let handling = handle(event, shard.sender(), Arc::clone(&http));
        if is_inline {
            handling.await;
        } else {
            tokio::spawn(handling);
        }
    }
}

async fn handle(event: Event, shard: MessageSender, http: Arc<Client>) {
    let Event::MessageCreate(message) = event else {
        return;
    };
    let handled: Result = match message.content.as_str() {
        "load: mark" => answer(&shard),
        "load: ping" => {
            let pong = http
                .create_message(message.channel_id)
                .content("pong")
                .await;
            pong.map(drop).map_err(Into::into)
        }
        _ => Ok(()),
    };
    if let Err(error) = handled {
        eprintln!("{error}");
    }
}

fn answer(shard: &MessageSender) -> Result {
    let d = json!({ "since": null, "activities": [], "status": "online", "afk": false });
    shard.send(json!({ "op": 3, "d": d }).to_string())?;
    Ok(())
}

async fn requests(http: Arc<Client>) -> Result {
    let mut callers: JoinSet<Result> = JoinSet::new();
    for channel in 1..=64 {
        let http = Arc::clone(&http);
        callers.spawn(async move {
            loop {
                let pong = http
                    .create_message(Id::new(channel))
                    .content("pong")
                    .await?;
                pong.model().await?;
            }
        });
    }
    callers.join_all().await.into_iter().collect()
}
