# labels: slow
# SIGTERM while printing: paused, parked, hotend off, gone within 15 s; a second signal ends it at once.
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"
start_virtual --speed 10
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 100 || fail "the print does not move"
begin=$(date +%s)
stop "$host_pid" TERM || true
[ $(($(date +%s) - begin)) -le 15 ] || fail "pphost took $(($(date +%s) - begin)) s to end"
same "left in the runtime directory" "$(ls "$tmp/run")" ""
fresh_report
same "hotend's target after the stop" "$(json heaters.0.target < "$report")" 0.0
outside "$(json position.X < "$report")" "$(json position.Y < "$report")" ||
    fail "not parked: $(json position < "$report")"

start_host
same "the run" "$(last_run result)" interrupted
same "bed after the restart" "$(status bed)" occupied
poll 5 heater_off || fail "the hotend is still on"
stop_host
stop_virtual

# The same while the hotend heats up slowly: it is not waited for, and nothing stays on.
rm -f "$report"
start_virtual --speed 10 --heat 2
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
heating() { status_is temperatures.bed.target = 60; }
poll 30 heating || fail "the bed does not heat"
begin=$(date +%s)
stop "$host_pid" TERM || true
[ $(($(date +%s) - begin)) -le 8 ] || fail "pphost took $(($(date +%s) - begin)) s to end while heating"
stop_virtual
same "halted" "$(json halted < "$report")" null
same "targets in the end" "$(json heaters.0.target < "$report") $(json heaters.1.target < "$report")" "0.0 0.0"

# Twice: gone at once, whatever the printer is doing.
rm -f "$report"
start_virtual --speed 10
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 100 || fail "the second print does not move"
# Two in the same moment count as one, as when a whole process group is stopped.
insist() {
    kill -TERM "$host_pid" 2> /dev/null
    gone "$host_pid"
}
poll 3 insist || fail "pphost is still there after a second signal"
passed
