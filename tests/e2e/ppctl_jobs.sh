# labels: slow
# ppctl and the queue against a fake host: every command, its request, its answer, every exit status.
exec python3 "$(dirname "$0")/ppctl_jobs.py"
