#!/usr/bin/env bash
# Measures what handlers cost: the time to compile a bot with 1, 100 and 1,000 handlers (only its own crate), the
# size of the binary, and the time from `main` to a built bot. Once with empty functions, which shows the cost of the
# attribute, and once with functions that make a request.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/src"
cp "$root/Cargo.lock" "$work/"
cat >"$work/Cargo.toml" <<TOML
[package]
name = "bot"
version = "0.0.0"
edition = "2024"

[dependencies]
smalld = { path = "$root/smalld" }

[workspace]
TOML

write_bot() {
  cat >"$work/src/main.rs" <<'RUST'
#![allow(unused)]
use smalld::{Json, SmallD, json, path};

fn main() -> smalld::Result<()> {
    let begun = std::time::Instant::now();
    let bot = SmallD::builder().token("a.b.c").base_url("http://127.0.0.1:1").build()?;
    println!("{}", begun.elapsed().as_micros());
    drop(bot);
    Ok(())
}
RUST
  for nth in $(seq "$1"); do
    local body=""
    if [ "$2" = answering ]; then
      body="bot.post(path!(\"/channels/{}/messages\", msg[\"channel_id\"]), json!({ \"content\": \"$nth\" })).await?;"
    fi
    cat >>"$work/src/main.rs" <<RUST
#[smalld::on(message_create, "/content" = "++$nth")]
async fn handler_$nth(bot: SmallD, msg: Json) -> smalld::Result<()> {
    $body
    Ok(())
}
RUST
  done
}

cd "$work"
export CARGO_TARGET_DIR="$work/target"
TIMEFORMAT='%U'
for profile in dev release; do
  write_bot 1 empty
  cargo build -q --profile "$profile"
  folder=${profile/dev/debug}
  for kind in empty answering; do
    for count in 1 100 1000; do
      write_bot "$count" "$kind"
      seconds=$({ time cargo build -q --profile "$profile"; } 2>&1)
      cp "target/$folder/bot" stripped && strip stripped
      size=$(stat -c %s stripped 2>/dev/null || stat -f %z stripped)
      startup=$(for _ in $(seq 21); do "target/$folder/bot"; done | sort -n | sed -n 11p)
      echo "$profile, $count $kind: $seconds s of CPU time, $((size / 1024)) KiB stripped, built in $startup us"
    done
  done
done
