# kill -9 while printing: after the restart the run is interrupted, heaters off, the bed not clear.
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"
start_virtual --speed 10
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 100 || fail "the print does not move"
stop "$host_pid" KILL || true

start_host
[ "$(status bed)" != clear ] || fail "the bed is clear after a crash"
same "the run" "$(last_run result)" interrupted
ctl print "$tmp/part.gcode" > "$tmp/ctl.log" 2>&1 < /dev/null || true
same "the question" "$(status question.kind)" bed
same "state with a question open" "$(status state)" operational
poll 10 heater_off || fail "the hotend is still on: $(status temperatures.tool0)"
passed
