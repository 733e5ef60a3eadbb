#!/bin/sh
# labels: slow
# A registry that is edited: another rendezvous, closed and open, wrong, votes struck off and given back.
set -eu
[ "$(id -u)" = 0 ] || unshare -Urnm true 2> /dev/null || {
    echo "skipped: network namespaces need root, or user namespaces"
    exit 77
}
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" changes
