# The printer's SD card: copied to, listed, printed from to the end; pause, resume, cancel. M29 gets
# no ok and M30's ok stands behind the name, as with some firmwares.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/card"
make_gcode 3000 > "$tmp/card/a long one.gcode"
make_gcode 6000 > "$tmp/card/BIG.GCO"
make_gcode 300 > "$tmp/small.gcode"
make_gcode 60000 > "$tmp/huge.gcode"
start_virtual --speed 30 --sd "$tmp/card" --sd-no-ok --sd-ok-joined
start_host

percent_above() { status_is job.percent '>' "$1"; } # PERCENT
listed() { ctl sd | grep -q "$1"; } # NAME

# --- copy a file to it, and print that to the end
poll 10 listed "ALONGO~1.GCO" || fail "the card is not listed: $(ctl sd)"
ctl sd put "$tmp/small.gcode" > "$tmp/ctl.log" 2>&1 || fail "ppctl sd put: status $?"
listed "SMALL.GCO" || fail "the copy is not listed"
refuses 1 "on the card already" "$ppctl" sd put --name small.gco "$tmp/small.gcode"
refuses 1 "no file" "$ppctl" sd print NOSUCH.GCO --bed-clear --unchecked
ctl sd print SMALL.GCO --wait --bed-clear --unchecked > "$tmp/ctl.log" 2>&1 ||
    fail "ppctl sd print: status $?"
same "result" "$(last_run result)" success
same "bed" "$(status bed)" occupied
fresh_report
same "hash of the copy's print" "$(hash_of_print 0)" "$("$expect" "$tmp/small.gcode")"
same "its lines came from the card" "$(json prints.0.card < "$report")" true

# --- nothing starts unasked: bed first, then the file that nobody has checked
ctl sd print "a long one.gcode" > /dev/null || fail "ppctl sd print: status $?"
same "question" "$(status question.kind)" bed
ctl confirm > /dev/null
same "question" "$(status question.kind)" unchecked
ctl confirm > /dev/null
wait_state printing
poll 20 percent_above 10 || fail "no progress"
ctl pause || fail "ppctl pause: status $?"
wait_state paused
at=$(status job.done_bytes)
ctl resume || fail "ppctl resume: status $?"
poll 30 state_is operational || fail "the print did not end: $(ctl status)"
same "result" "$(last_run result)" success
same "name" "$(last_run file_name)" "a long one.gcode"
above "$at" 100 || fail "paused at byte $at"
fresh_report
same "hash after a pause" "$(hash_of_print 1)" "$("$expect" "$tmp/card/a long one.gcode")"

# --- cancel
ctl sd print BIG.GCO --bed-clear --unchecked > /dev/null || fail "ppctl sd print: status $?"
poll 20 percent_above 2 || fail "no progress"
ctl cancel || fail "ppctl cancel: status $?"
wait_state operational
same "result" "$(last_run result)" cancelled
poll 5 heater_off || fail "the hotend is still on"
fresh_report
same "the card is left" "$(json card.printing < "$report")" false

# --- a copy that is cancelled leaves nothing
ctl sd put --name X.GCO "$tmp/huge.gcode" > "$tmp/put.log" 2>&1 &
put_pid=$!
poll 10 state_is transferring || fail "nothing is copied"
refuses 1 "written to the printer's card" "$ppctl" send G28
ctl cancel || fail "ppctl cancel: status $?"
wait_state operational
wait $put_pid && fail "ppctl sd put ended well"
listed "X.GCO" && fail "half a file is left"
ctl sd rm SMALL.GCO > /dev/null || fail "ppctl sd rm: status $?"
poll 5 sh -c "! '$ppctl' sd | grep -q SMALL.GCO" || fail "the file was not deleted"
stop_host
stop_virtual
passed
