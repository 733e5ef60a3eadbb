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
[ "$lines" -ge 200 ] || fail "paused at line $lines"
refuses 1 "paused" "$ppctl" pause

# The file stays below 20 mm from each edge: a head outside of that is parked, above the part.
fresh_report
outside "$(json position.X < "$report")" "$(json position.Y < "$report")" ||
    fail "not parked: $(json position < "$report")"
above "$(json position.Z < "$report")" 0.2 || fail "not lifted: $(json position < "$report")"
same "hotend while paused" "$(status temperatures.tool0.target)" 210

ctl resume || fail "ppctl resume: status $?"
wait_state printing
poll 30 lines_done $((lines + 100)) || fail "the print does not go on"
wait_state operational 120
stop_host
stop_virtual
same "prints" "$(json prints.length < "$report")" 1
same "file commands" "$(hash_of_print)" "$("$expect" "$tmp/part.gcode")"
same "last position" "$(json position.X < "$report") $(json position.Y < "$report")" "20.0 180.0"
above "$(json position.Z < "$report")" 0.79 && ! above "$(json position.Z < "$report")" 0.81 ||
    fail "last Z: $(json position.Z < "$report"), wanted 0.8"
above "$(json position.E < "$report")" 149.9 && ! above "$(json position.E < "$report")" 150.1 ||
    fail "last E: $(json position.E < "$report"), wanted 150"
passed
