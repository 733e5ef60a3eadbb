# labels: slow
# What people do with a queue that the hosts of one network share, step by step, with ppctl.
exec python3 "$(dirname "$0")/seeds_lan.py"
