# kill -9 while printing, and away for longer than resume_within: the heaters go off, the bed is not
# clear, and a person is asked before anything moves or heats. (Back in time: resume.sh)
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"
mkdir -p "$XDG_CONFIG_HOME/pphost"
echo "resume_within: 1s" > "$XDG_CONFIG_HOME/pphost/pphost.yaml"
start_virtual --speed 10
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 100 || fail "the print does not move"
stop "$host_pid" KILL || true
away_since=$(date +%s)
away() { [ $(($(date +%s) - away_since)) -ge 3 ]; }
poll 10 away

launch_host
wait_state recovering 20
asked() { status_is question.kind = recover; }
poll 10 asked || fail "nobody is asked"
poll 10 heater_off || fail "the hotend is still on: $(status temperatures.tool0)"
[ "$(status bed)" != clear ] || fail "the bed is clear after a crash"
same "the run" "$(last_run result)" open
refuses 1 "cut off" ctl print "$tmp/part.gcode" --bed-clear
# Nor another one: first a person decides what becomes of this.
cp "$tmp/part.gcode" "$tmp/other.gcode"
refuses 1 "cut off" ctl print "$tmp/other.gcode" --bed-clear
same "state with a print refused" "$(status state)" recovering
[ "$(status bed)" != clear ] || fail "the bed is clear by a print that was refused"

# Killed again: it is asked again. No: the run is over, the bed is to be cleared.
stop "$host_pid" KILL || true
launch_host
poll 20 asked || fail "nobody is asked again"
ctl confirm no > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
wait_state operational 20
same "the run" "$(last_run result)" interrupted
same "the bed" "$(status bed)" occupied

# Killed while idle with a heater on: nobody watched it meanwhile, so it goes off too.
ctl temp tool0=100 > /dev/null || fail "ppctl temp: status $?"
heater_on() { status_is temperatures.tool0.target = 100; }
poll 10 heater_on || fail "the hotend does not heat"
stop "$host_pid" KILL || true
start_host
poll 10 heater_off || fail "the hotend is still on after an idle crash"
passed
