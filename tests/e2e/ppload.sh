#!/bin/sh
# ppload: jobs through their life by many clients; those that stay are printed; mistakes are told.
. "$(dirname "$0")/lib.sh"
ppload=$PP_BIN/ppload

status_of() { # COMMAND...: its exit status
    "$@" > "$tmp/out.log" 2>&1 && echo 0 || echo $?
}

same "without any host" "$(status_of "$ppload")" 3
same "0 jobs" "$(status_of "$ppload" -n 0)" 2
grep -q '"0": must be 1 to 1000000' "$tmp/out.log" || fail "$(cat "$tmp/out.log")"
same "a size of nothing" "$(status_of "$ppload" --files 12Mb)" 2
same "a name that nobody has" "$(status_of "$ppload" -H nobody)" 3
same "nobody answers" "$(status_of "$ppload" -H 127.0.0.1:9 -n 2 --json)" 1
same "which is told" "$(json errors.0.kind < "$tmp/out.log")" "no answer"

start_virtual
start_host
"$ppload" -n 40 -k 8 --json > "$tmp/load.json" || fail "$(cat "$tmp/load.json")"
for op in upload submit list edit remove; do
    same "$op" "$(json "operations.$op.count" < "$tmp/load.json")" 40
    same "$op that failed" "$(json "operations.$op.failed" < "$tmp/load.json")" 0
done
same "moved" "$(json operations.move.count < "$tmp/load.json")" 0
same "what is left in the queue" "$(ctl jobs --json | json jobs.length)" 0
same "files that are left" "$(ctl files --json | json files.length)" 0

same "a queue that is not there" "$(status_of "$ppload" -n 3 --queue nowhere --json)" 1
same "is told" "$(json errors.0.operation < "$tmp/out.log")" move
same "and leaves nothing" "$(ctl jobs --json | json jobs.length)" 0

# Printed one after the other, by a script that clears the bed.
printf 'M118 swept\n' > "$tmp/swept"
ctl script set swept "$tmp/swept" --clears-bed
for event in print_success print_failure finish; do
    ctl event set $event swept
done
ctl start
ctl confirm > /dev/null 2>&1 || true
"$ppload" -n 3 -k 2 --wait --within 60 > "$tmp/out.log" 2>&1 || fail "$(cat "$tmp/out.log")"
grep -q '^all 3 printed' "$tmp/out.log" || fail "$(cat "$tmp/out.log")"
same "prints that ended well" "$(ctl history --json | grep -o '"success"' | wc -l)" 3
same "files that are left" "$(ctl files --json | json files.length)" 0
passed
