//! What a request costs compared with a plain reqwest call: without a limiter, and with 1, 100 and 10,000
//! known buckets. `cargo bench -p bench-micro --bench limiter`.
//!
//! The variants take turns, one request each, against a local server that answers at once. The result
//! is the median, so that other load on the machine affects all equally.

use std::time::{Duration, Instant};

use reqwest::Client;
use smalld::SmallD;
use smalld::rest::RateLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TURNS: u32 = 20_000;
const BUCKETS: [u32; 3] = [1, 100, 10_000];
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\
    x-ratelimit-bucket: m\r\nx-ratelimit-limit: 1000000\r\n\
    x-ratelimit-remaining: 999999\r\nx-ratelimit-reset-after: 3600.0\r\n\r\n";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = serve().await;
    let bare = bare();
    let off = bot(&url, RateLimits::Off);
    let waiting = BUCKETS.map(|_| bot(&url, RateLimits::Wait));
    for (bot, buckets) in waiting.iter().zip(BUCKETS) {
        for channel in 0..buckets {
            call(bot, channel).await;
        }
    }
    let mut times: [Vec<Duration>; 5] = Default::default();
    for turn in 0..TURNS {
        let begun = Instant::now();
        let request = bare.get(format!("{url}/channels/{turn}"));
        let response = request.send().await.expect("an answer");
        response.bytes().await.expect("a body");
        times[0].push(begun.elapsed());
        times[1].push(call(&off, turn).await);
        for (nth, bot) in waiting.iter().enumerate() {
            times[2 + nth].push(call(bot, turn % BUCKETS[nth]).await);
        }
    }
    let [bare, off, waiting @ ..] = times.map(median);
    println!("bare reqwest              {bare:>10.1?}");
    println!(
        "smalld, RateLimits::Off   {off:>10.1?}  {:+.1} µs",
        more(off, bare)
    );
    for (median, buckets) in waiting.into_iter().zip(BUCKETS) {
        let limiter = more(median, off);
        println!("{buckets:>6} buckets, Wait      {median:>10.1?}  the limiter: {limiter:+.1} µs");
    }
}

fn bare() -> Client {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    client.build().expect("a client")
}

fn bot(url: &str, rate_limits: RateLimits) -> SmallD {
    let bot = SmallD::builder().token("a.b.c").base_url(url);
    let bot = bot.global_limit(u32::MAX).rate_limits(rate_limits);
    bot.build().expect("a bot")
}

async fn call(bot: &SmallD, channel: u32) -> Duration {
    let begun = Instant::now();
    let response = bot.get(format!("/channels/{channel}")).response().await;
    response.expect("an answer");
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// In microseconds.
fn more(one: Duration, other: Duration) -> f64 {
    (one.as_secs_f64() - other.as_secs_f64()) * 1e6
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // On a thread of its own, because Discord is not on the bot's thread either.
    std::thread::spawn(move || {
        let listener = listener.into_std().expect("a listener");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket));
            }
        });
    });
    format!("http://{address}/api/v10")
}

/// Answers requests without a body, one at a time.
async fn answer(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    loop {
        let mut length = 0;
        while !buffer[..length].ends_with(b"\r\n\r\n") {
            match socket.read(&mut buffer[length..]).await? {
                0 => return Ok(()),
                read => length += read,
            }
        }
        socket.write_all(ANSWER).await?;
    }
}
