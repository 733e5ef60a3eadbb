#!/bin/sh
# labels: slow
# Nodes of the DHT whose names are not known at first, and that are gone later on.
set -eu
[ "$(id -u)" = 0 ] || unshare -Urnm true 2> /dev/null || {
    echo "skipped: network namespaces need root, or user namespaces"
    exit 77
}
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" meeting
