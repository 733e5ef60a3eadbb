#!/bin/sh
# labels: slow
# What goes wrong with registries, a lost database and a copied key, on networks without multicast.
set -eu
exec "$(command -v /usr/bin/python3 || command -v python3)" "$(dirname "$0")/wan.py" trouble
