# Cancel: the print ends, heaters go off, the bed stays occupied, and the next print is whole.
. "$(dirname "$0")/lib.sh"

make_gcode 3000 > "$tmp/part.gcode"
make_gcode 100 > "$tmp/next.gcode"
start_virtual --speed 20
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 200 || fail "the print does not move"
ctl cancel || fail "ppctl cancel: status $?"
wait_state operational
same "bed" "$(status bed)" occupied
poll 5 heater_off || fail "the hotend is still on"
refuses 1 "no print|nothing|not printing" "$ppctl" cancel
ctl print "$tmp/next.gcode" --wait --bed-clear > "$tmp/ctl.log" 2>&1 || fail "the next print: status $?"
stop_host
stop_virtual
same "hash of the next print" "$(json prints.-1.sha256 < "$report")" "$("$expect" "$tmp/next.gcode")"
passed
