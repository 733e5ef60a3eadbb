#!/bin/sh
# labels: slow
# `pphost dht-node`: two nodes know each other, end cleanly, and keep what they know in a file; wrong
# options are told.
set -eu

PP_BIN=${PP_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/build/dev}
pphost=$PP_BIN/pphost
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pphost-net-dht.XXXXXX")
pids=

cleanup() {
    for pid in $pids; do kill "$pid" 2> /dev/null || true; done
    for pid in $pids; do wait "$pid" 2> /dev/null || true; done
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "FAILED: $*"
    tail -n +1 "$tmp"/*.out
    exit 1
}

wait_for() { # SECONDS WHAT COMMAND...
    tries=$(($1 * 20)) what=$2
    shift 2
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "$what"
        sleep 0.05
    done
}

says() { grep -qs "$2" "$tmp/$1.out"; }

port=$((20000 + $$ % 20000))
"$pphost" dht-node --local -a 127.0.0.1 -P $port > "$tmp/a.out" 2>&1 &
a=$! pids="$pids $!"
wait_for 5 "no first node" says a "^DHT node on UDP port $port\$"
"$pphost" dht-node --local -a 127.0.0.2 -P $port -j 127.0.0.1:$port -s "$tmp/state" \
    > "$tmp/b.out" 2>&1 &
b=$! pids="$pids $!"
wait_for 10 "the second does not know the first" \
    says b "^no nodes known yet but those to begin with, UDP port $port\$"
wait_for 10 "the first does not know the second" says a "^1 nodes known, UDP port $port\$"
for pid in $a $b; do
    kill "$pid"
    wait "$pid" || fail "the end is not clean: $?"
done
pids=
[ -s "$tmp/state" ] || fail "nothing was kept"

"$pphost" dht-node -P 70000 > "$tmp/c.out" 2>&1 && fail "port 70000 was taken"
says c '^pphost dht-node: --port "70000": must be a number from 1 to 65535$' || fail "no word about it"
echo "ok: nodes of a DHT of one's own know each other and end cleanly"
