# A print that is cut off goes on: the host killed, the host restarted, the printer's cable pulled.
# What the printer executed is what the file says, no line lost or doubled.
. "$(dirname "$0")/lib.sh"

make_gcode 4000 > "$tmp/part.gcode"
wanted=$("$expect" "$tmp/part.gcode")

start_print() {
    ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
}

again() { # the host is killed and started anew
    stop "$host_pid" KILL || true
    launch_host
}

# Killed while printing, three times.
start_virtual --speed 20
start_host
start_print
for at in 100 600 1200; do
    poll 30 lines_done $at || fail "the print does not move: $(status job)"
    again
    wait_state printing 20
done

# Restarted by a person: printer, heaters and print stay as they are.
poll 30 lines_done 1800 || fail "the print does not move: $(status job)"
ctl restart > "$tmp/ctl.log" 2>&1 || fail "ppctl restart: status $?"
wait_state printing 20
grep -q "the print goes on" "$tmp/host.log" || fail "nobody was told"
wait_state operational 60
fresh_report
same "the print's hash" "$(hash_of_print)" "$wanted"
same "the run" "$(last_run result)" success
same "the bed" "$(status bed)" occupied

# Killed while paused: it stays paused, and goes on from where it was.
start_print
poll 30 lines_done 100 || fail "the second print does not move"
ctl pause > "$tmp/ctl.log" 2>&1 || fail "ppctl pause: status $?"
wait_state paused 20
again
wait_state paused 20
fresh_report
outside "$(json position.X < "$report")" "$(json position.Y < "$report")" || fail "not parked any more"
ctl resume > "$tmp/ctl.log" 2>&1 || fail "ppctl resume: status $?"
wait_state printing 20

# Killed while cancelling: it is cancelled.
ctl cancel > "$tmp/ctl.log" 2>&1 || fail "ppctl cancel: status $?"
again
wait_state operational 20
same "the run" "$(last_run result)" cancelled
poll 10 heater_off || fail "the hotend is on"
stop_host
same "left in the runtime directory" "$(ls "$tmp/run")" ""
passed
