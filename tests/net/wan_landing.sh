#!/bin/sh
# labels: slow
# A queue over the internet without a DHT: addresses of the registry, also names that lead nowhere at first; a queue of trusted peers only.
set -eu
[ "$(id -u)" = 0 ] || unshare -Urnm true 2> /dev/null || {
    echo "skipped: network namespaces need root, or user namespaces"
    exit 77
}
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" landing
