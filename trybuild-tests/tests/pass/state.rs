#![deny(warnings)]

use std::sync::atomic::{AtomicU64, Ordering};

use smalld::State;

#[derive(Default)]
struct Count(AtomicU64);

#[smalld::on(message_create)]
async fn handler(count: State<Count>, words: State<Vec<String>>) {
    count.0.0.fetch_add(words.len() as u64, Ordering::Relaxed);
}

#[test]
fn compiles() {}
