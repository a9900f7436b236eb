#!/usr/bin/env bash
# Measures smalld and other clients of the gateway side by side and prints tables in Markdown. See
# docs/performance.md.
#
#   benches/compare.sh                     everything; takes minutes
#   benches/compare.sh flood ping          these parts only
#   benches/compare.sh --smoke             seconds for each part: checks that all parts work
#   ROUNDS=9 EVENTS=500000 benches/compare.sh flood
#   MIXES=mixed ENCODINGS=plain ONLY=scan,filtered benches/compare.sh flood
#   BUILD=no benches/compare.sh flood      with what an earlier call has built
#   PEERS=no benches/compare.sh            without other libraries, which take minutes to build
#
# Parts: flood, many, shards, allocations, ping, rest, idle, start, build.
set -euo pipefail
cd "$(dirname "$0")/.."

all=(flood many shards allocations ping rest idle start build)
parts=()
smoke=
for argument in "$@"; do
  case " ${all[*]} --smoke " in
    *" $argument "*) ;;
    *) echo "unknown argument: $argument; parts are ${all[*]}" >&2; exit 2 ;;
  esac
  case $argument in
    --smoke) smoke=yes ;;
    *) parts+=("$argument") ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")

rounds=${ROUNDS:-${smoke:+1}}
rounds=${rounds:-5}
events=${EVENTS:-${smoke:+2000}}
events=${events:-200000}
pings=${PINGS:-${smoke:+20}}
pings=${pings:-2000}
requests=${REQUESTS:-${smoke:+200}}
requests=${requests:-50000}
mixes=${MIXES:-unhandled mixed messages}
encodings=${ENCODINGS:-plain,zlib,zstd}

# The smoke version uses what tests have built, and leaves the peers out.
profile=${smoke:+dev}
profile=${profile:-release}
folder=target/${profile/dev/debug}
peers=${PEERS:-${smoke:+no}}

build_clients() {
  local features=smalld-sandbox/load,smalld-sandbox/zstd,bench-clients/zstd
  # Always the same packages, so that cargo builds their dependencies once.
  local build=(cargo build -q --profile "$profile" -p smalld-sandbox -p bench-clients)
  "${build[@]}" --features "$features,bench-clients/allocations"
  cp "$folder/smalld-bot" "$folder/smalld-bot-counting"
  "${build[@]}" --features "$features"
}

# Twilight is compressed as it was built.
build_peers() {
  local build=(cargo build -q --release --manifest-path benches/peers/Cargo.toml)
  "${build[@]}" -p peer-serenity
  for encoding in plain zlib zstd; do
    "${build[@]}" -p peer-twilight --bin twilight --features "${encoding/plain/}"
    mkdir -p "benches/peers/target/$encoding"
    cp benches/peers/target/release/twilight "benches/peers/target/$encoding/twilight"
  done
}

load() {
  local scenario=$1
  shift
  "$folder/smalld-load" "$scenario" --rounds "$rounds" ${ONLY:+--only "$ONLY"} "$@"
}

floor=$folder/floor
smalld=$folder/smalld-bot
counting=$folder/smalld-bot-counting
twilight=benches/peers/target/{encoding}/twilight
serenity=benches/peers/target/release/serenity

# Prints its arguments, one per line, unless the peers are left out; the names of peers as references, too.
peers() {
  [ "$peers" = no ] || printf '%s\n' "$@"
}
inline=$(peers '/twilight inline')

flood() {
  for mix in $mixes; do
    printf '\n### Flood: %s\n' "$mix"
    local clients=("look=$floor look" "tungstenite/look=$floor tungstenite") others=()
    mapfile -t others < <(peers "twilight inline=$twilight inline")
    if [ "$mix" = unhandled ]; then
      clients+=("smalld/look$inline=$smalld unhandled")
    else
      mapfile -t -O 1 others < <(peers "twilight, a task for each=$twilight spawn" "serenity=$serenity")
      clients+=("scan=$floor scan" "borrow=$floor borrow" "value=$floor value"
        "smalld filtered/scan$inline=$smalld filtered"
        "smalld prefixed/scan$inline=$smalld prefixed"
        "smalld borrowing/borrow$inline=$smalld borrowing"
        "smalld Json/value$inline=$smalld json")
    fi
    load flood --mix "$mix" --encodings "$encodings" --events "$events" --plain serenity \
      "${clients[@]}" "${others[@]}"
  done
}

many() {
  printf '\n### Filtered handlers of one event\n'
  load flood --mix mixed --events "$events" "1 handler=$smalld many 1" "10 handlers/1 handler=$smalld many 10" \
    "100 handlers/1 handler=$smalld many 100" "1000 handlers/1 handler=$smalld many 1000"
}

shards() {
  local counts="1 64 1000"
  [ -z "$smoke" ] || counts="1 4"
  for count in $counts; do
    printf '\n### Flood over %s shards\n' "$count"
    load flood --mix mixed --shards "$count" --events $((events / count)) --encodings "$encodings" \
      "look=$floor look" "smalld filtered=$smalld filtered"
  done
}

allocations() {
  printf '\n### Allocations\n'
  load flood --mix unhandled --encodings "$encodings" --events $((events / 10)) "smalld=$counting unhandled"
  load flood --mix messages --encodings "$encodings" --events $((events / 10)) \
    "smalld filtered=$counting filtered" "smalld borrowing=$counting borrowing" "smalld Json=$counting json"
}

ping() {
  printf '\n### Ping and pong\n'
  mapfile -t others < <(peers "twilight/floor=$twilight ping" "serenity/floor=$serenity")
  load ping --pings "$pings" "floor=$floor ping" "smalld/floor=$smalld ping" "${others[@]}"
}

rest() {
  printf '\n### REST, 64 requests at once\n'
  mapfile -t others < <(peers "twilight/hyper=$twilight rest")
  load rest --requests "$requests" "sockets=$floor rest" "hyper=$floor hyper" \
    "smalld/hyper=$smalld rest" "${others[@]}"
}

idle() {
  local shards=1,64,1000
  [ -z "$smoke" ] || shards=1,4
  mapfile -t others < <(peers "twilight/look=$twilight inline")
  for guilds in ${GUILDS:-0 10}; do
    printf '\n### Idle shards, each with %s guilds\n' "$guilds"
    load idle --shards "$shards" --guilds "$guilds" --encodings "$encodings" \
      "look=$floor look" "smalld/look=$smalld unhandled" "${others[@]}"
  done
}

start() {
  printf '\n### Start\n'
  mapfile -t others < <(peers "twilight/look=$twilight inline" "serenity/look=$serenity")
  load start "look=$floor look" "smalld/look=$smalld unhandled" "${others[@]}"
}

build() {
  [ -z "$smoke" ] || return 0 # it takes minutes
  printf '\n### Ping bot\n\n| | crates | cold release build, CPU | stripped |\n|---|---:|---:|---:|\n'
  benches/build-cost.sh
  [ "$peers" = no ] || benches/build-cost.sh twilight
}

if [ "${BUILD:-}" != no ]; then
  build_clients
  [ "$peers" = no ] || build_peers
fi
printf '%s, commit %s\n' "$(date -u +%F)" "$(git describe --always --dirty)"
awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo
printf '%s cores, %s, %s\n' "$(nproc)" "$(uname -sr)" "$(rustc --version)"
for part in "${parts[@]}"; do "$part"; done
