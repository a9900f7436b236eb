#!/usr/bin/env bash
# Measures smalld and other clients of the gateway side by side and prints tables in Markdown. See
# docs/performance.md.
#
#   benches/compare.sh                     everything; takes minutes
#   benches/compare.sh flood ping          these parts only
#   benches/compare.sh --smoke             seconds for each part: checks that all parts work
#   ROUNDS=9 EVENTS=500000 benches/compare.sh flood
#   MIXES=mixed ENCODINGS=plain ONLY=scan,filtered benches/compare.sh flood
#
# Parts: flood, many, shards, allocations, ping, rest, idle, start.
set -euo pipefail
cd "$(dirname "$0")/.."

parts=()
smoke=
for argument in "$@"; do
  case $argument in
    --smoke) smoke=yes ;;
    -*) echo "unknown option: $argument" >&2; exit 2 ;;
    *) parts+=("$argument") ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(flood many shards allocations ping rest idle start)

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

# The clients are built with the same profile as the load server; the smoke version uses what tests have built.
profile=${smoke:+dev}
profile=${profile:-release}
folder=target/${profile/dev/debug}
cargo build -q --profile "$profile" -p smalld-sandbox --features smalld-sandbox/load,smalld-sandbox/zstd \
  -p bench-clients --features bench-clients/zstd

load() {
  local scenario=$1
  shift
  "$folder/smalld-load" "$scenario" --rounds "$rounds" ${ONLY:+--only "$ONLY"} "$@"
}

look="look=$folder/floor look"
scan="scan=$folder/floor scan"
borrow="borrow=$folder/floor borrow"
value="value=$folder/floor value"
smalld=$folder/smalld-bot

flood() {
  for mix in $mixes; do
    printf '\n### Flood: %s\n' "$mix"
    local clients=("$look" "tungstenite/look=$folder/floor tungstenite")
    case $mix in
      unhandled) clients+=("smalld/look=$smalld unhandled") ;;
      *)
        clients+=("$scan" "$borrow" "$value" "smalld filtered/scan=$smalld filtered"
          "smalld borrowing/borrow=$smalld borrowing" "smalld Json/value=$smalld json")
        ;;
    esac
    load flood --mix "$mix" --encodings "$encodings" --events "$events" "${clients[@]}"
  done
}

many() {
  printf '\n### Filtered handlers of one event\n'
  load flood --events "$events" "1 handler=$smalld many 1" "10 handlers/1 handler=$smalld many 10" \
    "100 handlers/1 handler=$smalld many 100" "1000 handlers/1 handler=$smalld many 1000"
}

shards() {
  for count in 1 64 1000; do
    printf '\n### Flood over %s shards\n' "$count"
    load flood --shards "$count" --events $((events / count)) --encodings "$encodings" \
      "$look" "smalld filtered=$smalld filtered"
  done
}

allocations() {
  printf '\n### Allocations\n'
  cargo build -q --profile "$profile" -p bench-clients --features zstd,allocations --target-dir target/allocations
  local counting=target/allocations/${folder#target/}/smalld-bot
  load flood --mix mixed --encodings "$encodings" --events $((events / 10)) \
    "filtered=$counting filtered" "borrowing=$counting borrowing" "Json=$counting json"
  load flood --mix unhandled --encodings "$encodings" --events $((events / 10)) "unhandled=$counting unhandled"
}

ping() {
  printf '\n### Ping and pong\n'
  load ping --pings "$pings" "floor=$folder/floor ping" "smalld/floor=$smalld ping"
}

rest() {
  printf '\n### REST, 64 at once\n'
  load rest --requests "$requests" "floor=$folder/floor rest" "smalld/floor=$smalld rest"
}

idle() {
  printf '\n### Idle shards\n'
  local shards=1,64,1000
  [ -z "$smoke" ] || shards=1,4
  load idle --shards "$shards" --encodings "$encodings" "$look" "smalld/look=$smalld unhandled"
}

start() {
  printf '\n### Start\n'
  load start "$look" "smalld/look=$smalld unhandled"
}

printf '%s, commit %s\n' "$(date -u +%F)" "$(git describe --always --dirty)"
awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo
printf '%s cores, %s, %s\n' "$(nproc)" "$(uname -sr)" "$(rustc --version)"
for part in "${parts[@]}"; do "$part"; done
