//! The ping bot of smalld's README, with twilight: for the cost of a build and the size of the program.

use std::env;
use std::error::Error;
use std::sync::Arc;

use twilight_gateway::{Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_http::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt::init();
    let provider = rustls::crypto::ring::default_provider();
    provider
        .install_default()
        .map_err(|_| "a provider is installed")?;
    let token = env::var("TOKEN")?;
    let http = Arc::new(Client::new(token.clone()));
    let intents = Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let mut shard = Shard::new(ShardId::ONE, token, intents);
    while let Some(item) = shard.next_event(EventTypeFlags::MESSAGE_CREATE).await {
        match item {
            Ok(event) => drop(tokio::spawn(handle(event, Arc::clone(&http)))),
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}

async fn handle(event: Event, http: Arc<Client>) {
    if let Event::MessageCreate(message) = event
        && message.content == "++ping"
        && let Err(error) = http
            .create_message(message.channel_id)
            .content("pong")
            .await
    {
        eprintln!("{error}");
    }
}
