# The benchmarks' judge finds what it must: lines lost, doubled, strange; heaters on; no reason; no end.
. "$(dirname "$0")/lib.sh"
python3 "$PP_SOURCE/tests/lib/judge_test.py" > "$tmp/judge.log" 2>&1 || fail "$(cat "$tmp/judge.log")"
passed
