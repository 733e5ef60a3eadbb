# The printer prints from its card while the host ends, is killed and comes back: the print is left
# alone and taken up again. Then the card is pulled out.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/card"
make_gcode 30000 > "$tmp/card/BIG.GCO"
make_gcode 300 > "$tmp/small.gcode"
start_virtual --speed 30 --sd "$tmp/card"
start_host

percent_above() { status_is job.percent '>' "$1"; } # PERCENT
listed() { ctl sd | grep -q "$1"; } # NAME

# --- the host ends in mid print, and is killed: the printer goes on, and the run is taken up again
poll 20 listed BIG.GCO || fail "the card is not listed"
ctl sd print BIG.GCO --bed-clear --unchecked > /dev/null || fail "ppctl sd print: status $?"
poll 20 percent_above 2 || fail "no progress"
id=$(status job.run_id)
stop_host
fresh_report
same "it prints on" "$(json card.printing < "$report")" true
launch_host
wait_state printing
same "the same run" "$(status job.run_id)" "$id"
same "the card prints" "$(ctl status --json | json sd.printing)" true
stop "$host_pid" KILL || true
launch_host
wait_state printing
same "the same run" "$(status job.run_id)" "$id"
same "bed" "$(status bed)" occupied
refuses 1 "being printed" "$ppctl" sd print BIG.GCO --bed-clear --unchecked
above "$(status temperatures.tool0.target)" 200 || fail "the hotend was turned off in mid print"

# --- the card is pulled out
kill -s RTMIN "$virtual_pid"
wait_state operational
same "result" "$(last_run result)" failure
same "reason" "$(last_run reason)" "the card was pulled out of the printer"
poll 5 heater_off || fail "the hotend is still on"
refuses 1 "no card" "$ppctl" sd put "$tmp/small.gcode"
kill -s RTMIN "$virtual_pid"
poll 10 listed "BIG.GCO" || fail "the card is not listed when it is back"

stop_host
stop_virtual
passed
