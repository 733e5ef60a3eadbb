# Pause and resume: the head is parked and comes back to where it was, and nothing of the file is lost.
. "$(dirname "$0")/lib.sh"

make_gcode 3000 > "$tmp/part.gcode"
start_virtual --speed 20
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 200 || fail "the print does not move"
ctl pause || fail "ppctl pause: status $?"
wait_state paused
lines=$(status job.lines)
refuses 1 "paused" "$ppctl" pause
ctl resume || fail "ppctl resume: status $?"
wait_state printing
ctl watch > /dev/null 2>&1 &
started="$started $!"
wait_state operational 120
[ "$lines" -ge 200 ] || fail "paused at line $lines"
stop_host
stop_virtual
same "prints" "$(json prints.length < "$report")" 1
same "file commands" "$(hash_of_print)" "$("$expect" "$tmp/part.gcode")"
passed
