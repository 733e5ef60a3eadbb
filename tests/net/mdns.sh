#!/bin/sh
# Hosts in network namespaces find each other by DNS-SD, each at the address it can be reached at:
#
#     attic 10.77.1.1 --- bridge --- 10.77.1.2 shed 10.77.2.2 --- 10.77.2.3 cellar
#
# What is said goodbye to is gone; an interface that comes later is taken up; one without network is
# told so.
set -eu

PP_BIN=${PP_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/build/dev}
probe=$PP_BIN/tests/mdns_probe
p=ppdns$$
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pphost-net-mdns.XXXXXX")
pids=

if [ "$(id -u)" != 0 ] || ! ip netns add "${p}x" 2> /dev/null; then
    echo "skipped: network namespaces need root"
    rmdir "$tmp"
    exit 77
fi

cleanup() {
    for pid in $pids; do kill "$pid" 2> /dev/null || true; done
    for pid in $pids; do wait "$pid" 2> /dev/null || true; done
    for n in x attic shed cellar; do ip netns del "$p$n" 2> /dev/null || true; done
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "FAILED: $*"
    tail -n +1 "$tmp"/*.out "$tmp"/*.err
    exit 1
}

in_ns() { # NAME COMMAND...
    n=$p$1
    shift
    ip netns exec "$n" "$@"
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

start() { # NAME PORT
    ip netns exec "$p$1" "$probe" "$1" "$2" > "$tmp/$1.out" 2> "$tmp/$1.err" &
    pids="$pids $!"
}

says() { grep -qxF -e "$2" "$tmp/$1.out"; }

wire() { # NS-A IF-A ADDRESS-A NS-B IF-B ADDRESS-B: a cable; "-" = no address
    ip -n "$p$1" link add "$2" type veth peer name "$5" netns "$p$4"
    [ "$3" = - ] || ip -n "$p$1" addr add "$3" dev "$2"
    [ "$6" = - ] || ip -n "$p$4" addr add "$6" dev "$5"
    ip -n "$p$1" link set "$2" up
    ip -n "$p$4" link set "$5" up
}

for n in attic shed cellar; do
    ip netns add "$p$n"
done
ip -n "${p}x" link add br0 type bridge
ip -n "${p}x" link set br0 up
wire attic eth0 10.77.1.1/24 x a0 -
wire shed eth0 10.77.1.2/24 x s0 -
ip -n "${p}x" link set a0 master br0
ip -n "${p}x" link set s0 master br0
wire shed eth1 10.77.2.2/24 cellar eth0 10.77.2.3/24
ip netns exec "${p}x" "$probe" alone 1 > "$tmp/alone.out" 2> "$tmp/alone.err" &
alone=$!
pids="$pids $alone"

start attic 7001
start shed 7002
shed=$!
start cellar 7003
wait_for 5 "attic did not find shed" says attic "+shed 10.77.1.2:7002"
wait_for 5 "shed did not find attic" says shed "+attic 10.77.1.1:7001"
wait_for 5 "shed did not find cellar" says shed "+cellar 10.77.2.3:7003"
wait_for 5 "cellar did not find shed" says cellar "+shed 10.77.2.2:7002"
! grep -q cellar "$tmp/attic.out" || fail "attic sees what it cannot reach"
! grep -q 10.77.2.2 "$tmp/attic.out" || fail "attic was told an address it cannot reach"
grep -qx "state: no network interface can multicast" "$tmp/alone.err" ||
    fail "no word about a host without network"

kill "$shed"
wait "$shed" || fail "the end of a host is not clean: $?"
wait_for 3 "attic did not hear the goodbye" says attic "-shed 10.77.1.2:7002"
wait_for 3 "cellar did not hear the goodbye" says cellar "-shed 10.77.2.2:7002"
echo "ok: hosts find each other by DNS-SD across a bridge, each at an address it can reach"
