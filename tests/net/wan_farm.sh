#!/bin/sh
# labels: slow
# Seven hosts on seven networks without multicast share a queue that a registry of IPFS describes.
set -eu
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" farm
