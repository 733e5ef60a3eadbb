#!/bin/sh
# labels: slow
# What goes wrong with registries, a lost database and a copied key, on networks without multicast.
set -eu
[ "$(id -u)" = 0 ] || unshare -Urnm true 2> /dev/null || {
    echo "skipped: network namespaces need root, or user namespaces"
    exit 77
}
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" trouble
