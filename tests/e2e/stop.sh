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

start_host
same "bed after the restart" "$(status bed)" occupied
poll 5 heater_off || fail "the hotend is still on"
stop_host
passed
