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

# Killed while idle with a heater on: nobody watched it meanwhile, so it goes off too.
ctl temp tool0=100 > /dev/null || fail "ppctl temp: status $?"
heater_on() { [ "$(status temperatures.tool0.target)" = 100 ]; }
poll 10 heater_on || fail "the hotend does not heat"
stop "$host_pid" KILL || true
start_host
poll 10 heater_off || fail "the hotend is still on after an idle crash"
passed
