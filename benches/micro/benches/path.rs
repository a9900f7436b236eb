//! Paths with values: `cargo bench -p bench-micro --bench path`.

use divan::black_box;
use smalld::{json, path};

fn main() {
    divan::main();
}

#[divan::bench]
fn one_id() -> impl Sized {
    let channel = black_box("1073894697992323077");
    path!("/channels/{channel}/messages")
}

#[divan::bench]
fn two_values_of_json(bencher: divan::Bencher<'_, '_>) {
    let message = json!({ "id": "1511797328707715086", "channel_id": "1073894697992323077" });
    bencher.bench_local(|| {
        let message = black_box(&message);
        path!(
            "/channels/{}/messages/{}",
            message["channel_id"],
            message["id"]
        )
    });
}

#[divan::bench]
fn an_emoji_to_encode() -> impl Sized {
    let (channel, message) = (
        black_box("1073894697992323077"),
        black_box("1511797328707715086"),
    );
    let emoji = black_box("👍");
    path!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
}
