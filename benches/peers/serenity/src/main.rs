//! A bot of serenity, as its documentation shows it.

use std::env;

use serenity::all::{
    ActivityData, ClientBuilder, Context, EventHandler, GatewayIntents, HttpBuilder, Message,
    async_trait,
};

struct Handler;

#[async_trait]
impl EventHandler for Handler {
    async fn message(&self, context: Context, message: Message) {
        match message.content.as_str() {
            "load: mark" => context.set_activity(Some(ActivityData::playing("on"))),
            "load: ping" => {
                if let Err(error) = message.channel_id.say(&context.http, "pong").await {
                    eprintln!("{error}");
                }
            }
            _ => {}
        }
    }
}

#[tokio::main]
async fn main() -> serenity::Result<()> {
    let token = env::var("SMALLD_TOKEN").unwrap_or_default();
    let url = env::var("SMALLD_BASE_URL").unwrap_or_default();
    let proxy = url.trim_end_matches("/api/v10");
    // Its rate limiter would send the requests to Discord.
    let http = HttpBuilder::new(token)
        .proxy(proxy)
        .ratelimiter_disabled(true)
        .build();
    let builder = ClientBuilder::new_with_http(http, GatewayIntents::all());
    builder.event_handler(Handler).await?.start().await
}
