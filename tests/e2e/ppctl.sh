# labels: slow
# ppctl against a fake host: every command, every exit status, terminals, lost connections.
exec python3 "$(dirname "$0")/ppctl.py"
