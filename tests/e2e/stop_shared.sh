# labels: slow
# A host that shares a queue is stopped while it prints: it parks, turns all off and ends in order.
. "$(dirname "$0")/lib.sh"

make_gcode 5000 > "$tmp/part.gcode"
start_virtual --speed 10
printf 'net:\n  announce: no\n' > "$tmp/net.yaml"
"$pphost" --name test --profile virtual --profiles "$PP_SOURCE/profiles" --data "$tmp/data" \
    --config "$tmp/net.yaml" "$device" >> "$tmp/host.log" 2>&1 &
host_pid=$!
started="$started $host_pid"
wait_state operational 20
ctl queue edit LAN key=only-here address=localhost > "$tmp/ctl.log" 2>&1 || fail "ppctl queue edit: status $?"
ctl queue enable LAN >> "$tmp/ctl.log" 2>&1 || fail "ppctl queue enable: status $?"
joined() { ctl queue show LAN --json | json role | grep -q leader; }
ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
poll 30 lines_done 100 || fail "the print does not move"
poll 20 joined || fail "the queue has no leader: $(ctl queue show LAN)"
status=0
stop "$host_pid" TERM || status=$?
same "status of pphost" "$status" 0
fresh_report
same "hotend's target after the stop" "$(json heaters.0.target < "$report")" 0.0
stop_virtual
passed
