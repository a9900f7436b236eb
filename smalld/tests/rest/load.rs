//! Many tasks against a sandbox that enforces its limits strictly: not one request too many.

use std::time::Duration;

use smalld::rest::RateLimits;
use smalld::{SmallD, json, path};
use smalld_sandbox::Sandbox;
use tokio::time::timeout;

const TASKS: usize = 50;
const ROUNDS: usize = 10;
/// Requests that each task makes in a round.
const REQUESTS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_with_two_thousand_requests_get_no_429() {
    let sandbox = Sandbox::builder()
        .global_limit(300)
        .more_channels(TASKS / 2 - 1)
        .start()
        .await
        .unwrap();
    let bot = SmallD::builder()
        .token(sandbox.token())
        .base_url(sandbox.base_url())
        .rate_limits(RateLimits::Wait)
        .global_limit(300)
        .build()
        .unwrap();
    let guild = sandbox.guild_id();
    let channels = bot.get(path!("/guilds/{guild}/channels")).await.unwrap();
    let channels = channels.as_array().unwrap();
    assert_eq!(channels.len(), TASKS / 2);
    // Two tasks for each channel, so that they meet in its buckets.
    let tasks: Vec<_> = (0..TASKS)
        .map(|nth| {
            let channel = channels[nth % channels.len()]["id"].clone();
            tokio::spawn(work(bot.clone(), channel))
        })
        .collect();
    for task in tasks {
        timeout(TIMEOUT, task).await.expect("in time").unwrap();
    }
    let requests = sandbox.requests();
    assert!(
        requests.len() >= TASKS * ROUNDS * REQUESTS,
        "{}",
        requests.len()
    );
    let refused: Vec<_> = requests
        .iter()
        .filter(|request| request.status == 429)
        .collect();
    assert!(
        refused.is_empty(),
        "{} of 429: {:?}",
        refused.len(),
        refused[0]
    );
}

async fn work(bot: SmallD, channel: smalld::Json) {
    for round in 0..ROUNDS {
        let messages = || path!("/channels/{channel}/messages");
        bot.get(path!("/channels/{channel}"))
            .await
            .expect("an answer");
        bot.get(messages())
            .param("limit", 5)
            .await
            .expect("an answer");
        bot.post(path!("/channels/{channel}/typing"), ())
            .await
            .expect("an answer");
        let request = match round % 2 {
            0 => bot.post(messages(), json!({ "content": "busy" })),
            _ => bot.get(messages()).param("limit", 1),
        };
        request.await.expect("an answer");
    }
}
