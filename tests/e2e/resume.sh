# A print goes on after its host was killed, and after it was restarted.
# What the printer executed is what the file says, no line lost or doubled.
. "$(dirname "$0")/lib.sh"

make_gcode 2500 > "$tmp/part.gcode"
wanted=$("$expect" "$tmp/part.gcode")

start_print() {
    ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
}

again() { # the host is killed and started anew
    stop "$host_pid" KILL || true
    launch_host
}

# Killed while printing, three times.
start_virtual --speed 10
start_host
start_print
for at in 100 300 500; do
    poll 30 lines_done $at || fail "the print does not move: $(status job)"
    again
    wait_state printing 20
done

# Restarted by a person: printer, heaters and print stay as they are.
poll 30 lines_done 700 || fail "the print does not move: $(status job)"
ctl restart > "$tmp/ctl.log" 2>&1 || fail "ppctl restart: status $?"
wait_state printing 20
grep -q "the print goes on" "$tmp/host.log" || fail "nobody was told"
wait_state operational 60
fresh_report
same "the print's hash" "$(hash_of_print)" "$wanted"
same "the run" "$(last_run result)" success
same "the bed" "$(status bed)" occupied

stop_host
same "left in the runtime directory" "$(ls "$tmp/run")" ""
passed
