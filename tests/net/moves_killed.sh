#!/bin/sh
# labels: slow
# Jobs that are moved between queues while the host that moves them is killed at any instant.
PP_BIN=${PP_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/build/dev}
export PP_BIN
[ "$(id -u)" = 0 ] || exit 77
exec python3 "$(dirname "$0")/moves_killed.py" "$@"
