#!/bin/sh
# labels: slow
# Seven hosts on seven networks without multicast share a queue that a registry of IPFS describes.
set -eu
[ "$(id -u)" = 0 ] || unshare -Urnm true 2> /dev/null || {
    echo "skipped: network namespaces need root, or user namespaces"
    exit 77
}
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" farm
