//! Bots that lack what they usually have while handlers block: a processor, room in the send buffer, and
//! threads for handlers that may block.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use smalld::json;
use smalld_sandbox::{Connection, Received};

use super::scene::{Options, Scene, sandbox};
use crate::process::{TIMEOUT, until};

/// Their pongs have some 131 bytes each, and fill any send buffer.
const PINGS: usize = 60_000;
const PING: [u8; 125] = [b'x'; 125];
/// Sequence number of the last event that blocks a thread.
const BLOCKED: u64 = 101;

/// Long enough for a heartbeat to be acknowledged before the next one.
const LONG_INTERVAL: Duration = Duration::from_secs(2);

/// Pings the bot, and reads no answer, until its send buffer is full. Heartbeats are acknowledged
/// unread.
async fn fill_send_buffer(connection: &mut Connection) {
    for ping in 0..PINGS {
        assert!(connection.ping(PING).await);
        if ping % 1_000 == 0 {
            connection.ack().await;
        }
    }
}

/// How many bytes lie in the buffers of all sockets of this server, on both sides.
fn bytes_in_socket_buffers(url: &str) -> usize {
    let (_, port) = url.rsplit_once(':').unwrap();
    let port = format!(":{:04X}", port.parse::<u16>().unwrap());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let sockets = sockets.filter(|row| row[1].ends_with(&port) || row[2].ends_with(&port));
    let queues =
        sockets.flat_map(|row| row[4].split(':').map(ToOwned::to_owned).collect::<Vec<_>>());
    queues
        .map(|bytes| usize::from_str_radix(&bytes, 16).unwrap())
        .sum()
}

/// Reads until a heartbeat that was written after the last event.
async fn heartbeat_after_the_last_event(connection: &mut Connection) {
    loop {
        match connection.receive(TIMEOUT).await {
            Received::Payload(payload) if payload["d"] == BLOCKED => return,
            Received::Payload(_) | Received::Pong(_) => {}
            other => panic!("no heartbeat but {other:?}"),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn with_a_full_send_buffer_heartbeats_wait_for_the_server_and_not_for_handlers() {
    let sandbox = sandbox(1).start().await.unwrap();
    let mut script = sandbox.script();
    let scene = Scene::start_in(sandbox, Options::default());
    let mut connection = script.connection(TIMEOUT).await.unwrap();
    connection.answer_heartbeats(true);
    connection.hello(LONG_INTERVAL).await;
    connection.payload_of(2, TIMEOUT).await.expect("IDENTIFY");
    connection.ready("sid", 1).await;
    fill_send_buffer(&mut connection).await;
    for seq in [BLOCKED - 1, BLOCKED] {
        let d = json!({ "how": "deadlock", "after": "yield" });
        connection.dispatch("BLOCK", seq, d).await;
    }
    // It stays unread, so the bot knows that the next acknowledgement may, too.
    connection.ack().await;
    scene.process.says("all worker threads are blocked").await;
    let in_buffers = bytes_in_socket_buffers(scene.sandbox.gateway_url());
    assert!(in_buffers < PINGS * PING.len(), "they hold all pongs");
    heartbeat_after_the_last_event(&mut connection).await;
    // The handlers never end.
    scene.process.signal(Signal::TERM);
    let log = scene.ends_within(Duration::from_secs(10)).await;
    assert!(log.contains("abandoned: handler"), "{log}");
    assert!(!log.contains("connection ended"), "{log}");
}

/// A command that runs this test binary on a single processor, or `None` if there is no `taskset`.
fn on_one_processor() -> Option<Command> {
    let allowed = std::fs::read_to_string("/proc/self/status").ok()?;
    let (_, allowed) = allowed.split_once("Cpus_allowed_list:")?;
    let first = allowed.trim_start().split(|c: char| !c.is_ascii_digit());
    let first = first.into_iter().next()?;
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", first]);
    Command::new("taskset").arg("--version").output().ok()?;
    command.arg(std::env::current_exe().ok()?);
    Some(command)
}

#[tokio::test]
async fn a_busy_handler_on_a_single_processor_delays_no_heartbeat() {
    let Some(command) = on_one_processor() else {
        println!("skipped: it needs Linux and the command `taskset`");
        return;
    };
    let scene = Scene::start(Options {
        command,
        workers: None,
        shards: 2,
        ..Options::default()
    })
    .await;
    // Longer than this test.
    let spin = json!({ "how": "spin" });
    scene.sandbox.shard(0).dispatch("BLOCK", spin);
    scene.process.says("has blocked its thread for").await;
    scene.heartbeats_go_on(2).await;
    scene.ping("PING", 1).await;
    scene.process.signal(Signal::TERM);
    scene.ends_within(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn hanging_sync_handlers_leave_threads_for_everything_else() {
    let scene = Scene::start(Options::default()).await;
    let first = || scene.sandbox.shard(0);
    // More than all blocking threads of the runtime: 512. One handler may have 64.
    for _ in 0..600 {
        first().dispatch("SYNC_HANG", json!({}));
    }
    scene.ping("SYNC_PING", 0).await;
    let session = || scene.saved()["session"]["id"].clone();
    assert!(until(|| session().is_string()).await, "{}", scene.log());
    let before = session();
    first().invalidate();
    first().cut();
    let is_another = until(|| session().is_string() && session() != before).await;
    assert!(is_another, "{}: {}", scene.saved(), scene.log());
    scene.ping("SYNC_PING", 0).await;
    scene.process.signal(Signal::TERM);
    let log = scene.ends_within(Duration::from_secs(5)).await;
    let abandoned: Vec<_> = log
        .lines()
        .filter(|line| line.contains("abandoned"))
        .collect();
    assert_eq!(abandoned.len(), 1, "{log}");
    assert!(abandoned[0].contains("bot::sync_hangs`"), "{abandoned:?}");
    assert!(log.contains("the sessions are saved"), "{log}");
}
