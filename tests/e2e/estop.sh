# Emergency stop, with the HTTP interface and without: the printer is killed at once.
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"

killed() { # the printer has taken M112
    fresh_report
    [ "$(json killed < "$report")" = true ]
}

start_virtual --speed 5
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 50 || fail "the print does not move"
ctl estop || fail "ppctl estop: status $?"
poll 10 killed || fail "the printer goes on"
for heater in 0 1; do
    same "target of heater $heater" "$(json heaters.$heater.target < "$report")" 0.0
done
ended() { state_is error && [ "$(last_run result)" = aborted ]; }
poll 10 ended || fail "the printer is $(status state), the run $(last_run result)"
[ "$(status bed)" != clear ] || fail "the bed is clear"
stop_host
stop_virtual

# HTTP does not answer (nobody listens there): the sender's own socket takes it.
rm -f "$report"
start_virtual --speed 5
start_host
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 50 || fail "the print does not move"
sed 's,http://[^"]*,http://127.0.0.1:1,' "$tmp/run/test.json" > "$tmp/home/test.json"
cat "$tmp/home/test.json" > "$tmp/run/test.json"
ctl estop > "$tmp/ctl.log" 2>&1 || fail "ppctl estop without HTTP: status $?: $(cat "$tmp/ctl.log")"
poll 10 killed || fail "the printer goes on without HTTP"
passed
