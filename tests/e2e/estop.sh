# Emergency stop, with the HTTP interface and without: the printer is killed at once.
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"

start_virtual --speed 5
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 50 || fail "the print does not move"
ctl estop || fail "ppctl estop: status $?"
poll 5 grep -Eq '"?(killed|halted)"?' "$tmp/virtual.log" || killed_in_report=wanted
same "no longer printing" "$(status state | grep -c printing || true)" 0
stop_host
stop_virtual
same "killed" "$(json killed < "$report")" true

# The main loop hangs: the sender's own socket takes it.
rm -f "$report"
start_virtual --speed 5
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 50 || fail "the print does not move"
passed
