# The printer and the person: a filament change, the printer's own buttons, the filament sensor, and what
# its display shows. Each print is whole in the end.
. "$(dirname "$0")/lib.sh"

detail_is() { status_is detail = "$1"; }
asked() { status_is questions.0.text = "$1"; }
begin() { ctl print "$1" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"; } # FILE
at_move() { sed "s/^G1 .*; move $1\$/&\n$2/"; } # NUMBER COMMAND: adds it to a file
says() { at_move "$1" "M118 A1 action:$2"; } # NUMBER ACTION: the printer says so there

# The moves between two of these are more than half a second.
make_gcode 1500 | at_move 100 M600 | says 200 pause | says 700 paused > "$tmp/part.gcode"
make_gcode 1000 | says 50 cancel > "$tmp/cancel.gcode"
make_gcode 200 | at_move 50 M601 | at_move 100 M600 > "$tmp/prusa.gcode"

start_virtual --speed 20 --runout 60
start_host
begin "$tmp/part.gcode"
wait_state paused
detail_is "waiting for a filament change" || fail "detail: $(status detail)"
poll 5 asked "The printer asks: Nozzle Parked" || fail "question: $(status questions)"
lines=$(status job.lines)
ctl status | grep -q "paused, waiting for a filament change" || fail "status: $(ctl status | head -n 3)"
refuses 2 "must be one of Continue" "$ppctl" confirm "$(status questions.0.id)" maybe
same "lines sent while it waited" "$(status job.lines)" "$lines"
ctl confirm Continue > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"

# A pause with our script, then one that the printer makes by itself.
poll 20 grep -q "the printer asks to pause" "$tmp/host.log" || fail "the printer's pause is not heard"
wait_state paused
same "the reason of our own pause" "$(status detail)" null
ctl send "M118 A1 action:resume" > "$tmp/ctl.log" 2>&1 || fail "ppctl send: status $?"
poll 20 detail_is "paused at the printer" || fail "detail: $(status detail)"
ctl send "M118 A1 action:resumed" > "$tmp/ctl.log" 2>&1 || fail "ppctl send: status $?"

# The filament ends; a person puts more in and goes on.
poll 20 grep -q "out of filament, T0: pausing" "$tmp/host.log" || fail "nobody says that the filament ends"
wait_state paused
ctl resume > "$tmp/ctl.log" 2>&1 || fail "ppctl resume: status $?"
wait_state operational 60
same "result" "$(last_run result)" success

begin "$tmp/cancel.gcode"
wait_state operational
same "result" "$(last_run result)" cancelled
stop_host
stop_virtual
same "hash" "$(hash_of_print 0)" "$("$expect" "$tmp/part.gcode")"
same "its display was told how often" "$(json display.updates < "$report" | sed 's/^[2-9]$/some/')" some

# A Prusa parks by itself, and has no prompts: the host asks for it.
rm -rf "$tmp/data"
start_virtual --firmware prusa-mk3 --speed 20
start_host
begin "$tmp/prusa.gcode"
wait_state paused
fresh_report
same "parked at X" "$(json position.X < "$report")" 0.0
ctl resume > "$tmp/ctl.log" 2>&1 || fail "ppctl resume: status $?"
poll 20 asked "The printer waits for a filament change. Is it done?" || fail "question: $(status questions)"
ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
wait_state operational 60
stop_host
stop_virtual
grep -v M601 "$tmp/prusa.gcode" > "$tmp/sent.gcode"
same "hash of the Prusa's print" "$(hash_of_print 0)" "$("$expect" "$tmp/sent.gcode")"
same "percent on its display" "$(json display.percent < "$report")" 100.0
passed
