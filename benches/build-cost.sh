#!/usr/bin/env bash
# Measures what the ping bot costs: number of crates, a cold release build, the program's size. With smalld's
# default features, or with these: `benches/build-cost.sh log` has no compression, `benches/build-cost.sh log zlib
# zstd` has all. `benches/build-cost.sh twilight` builds the same bot with twilight.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

smalld_bot() {
  local features=
  if [ $# -gt 0 ]; then
    features=", default-features = false, features = [$(printf '"%s", ' "$@")]"
  fi
  mkdir "$work/src"
  cp "$root/examples/ping_bot.rs" "$work/src/main.rs"
  cp "$root/Cargo.lock" "$work/"
  cat >"$work/Cargo.toml" <<TOML
[package]
name = "bot"
version = "0.0.0"
edition = "2024"

[dependencies]
smalld = { path = "$root/smalld"$features }

[workspace]
# The same for all libraries.
[profile.release]
strip = "symbols"
TOML
}

twilight_bot() {
  mkdir -p "$work/src"
  cp "$root/benches/peers/twilight/src/ping.rs" "$work/src/main.rs"
  cp "$root/benches/peers/Cargo.lock" "$work/"
  cat >"$work/Cargo.toml" <<TOML
[package]
name = "bot"
version = "0.0.0"
edition = "2024"

[dependencies]
$(sed -n '/^\[dependencies\]/,/^$/{/^\[/d;/^serde_json/d;/^twilight-http-rate/d;/^twilight-model/d;p}' \
  "$root/benches/peers/twilight/Cargo.toml" | sed '/^twilight-gateway/s/\["/["zlib", "/')

[workspace]
[profile.release]
strip = "symbols"
TOML
}

case ${1:-} in
  twilight) twilight_bot ;;
  *) smalld_bot "$@" ;;
esac

cd "$work"
export CARGO_TARGET_DIR="$work/target"
cargo fetch -q
crates=$(cargo tree -q -e normal,build --prefix none | sed 's/ (.*//' | sort -u | wc -l)
TIMEFORMAT='%U + %S'
cpu=$({ time cargo build -q --release 2>"$work/log"; } 2>&1) || { cat "$work/log" >&2; exit 1; }
size=$(stat -c %s target/release/bot 2>/dev/null || stat -f %z target/release/bot)
printf '| %s | %s | %s | %s |\n' "${*:-smalld}" "$crates" \
  "$(awk "BEGIN { printf \"%.0f s\", $cpu }")" "$(awk "BEGIN { printf \"%.2f MB\", $size / 1e6 }")"
