# labels: slow
# A print that is cut off goes on: killed while paused and while cancelling, the cable pulled, and
# after a reset of the printer if a person says so.
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

start_virtual --speed 10 --control "$tmp/control"
start_host

# Killed while paused: it stays paused, and goes on from where it was.
start_print
poll 30 lines_done 100 || fail "the print does not move"
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
# The cable is pulled; it comes back under another device name. The printer's own report judges.
order() { # ORDER: to the virtual printer
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
sys.exit(not s.recv(200).rstrip().endswith(b"ok"))' "$tmp/control" "$1" || fail "ppvirtual: $1"
}
start_print
for at in 100 400; do
    poll 30 lines_done $at || fail "the print does not move: $(status job)"
    was=$(status link.port)
    order "unplug 300"
    wait_state recovering 10
    wait_state printing 20
    [ "$(status link.port)" != "$was" ] || fail "the port is still $was"
done
wait_state operational 60
fresh_report
same "hash of the print with its cable pulled" "$(hash_of_print 1)" "$wanted"
same "the run" "$(last_run result)" success

# The printer is reset while printing: a person says that it shall go on.
start_print
poll 30 lines_done 300 || fail "the print does not move"
kill -USR2 "$virtual_pid"
asked() { status_is question.kind = recover; }
poll 20 asked || fail "nobody is asked"
poll 10 heater_off || fail "the hotend is on"
wait_state recovering 20
ctl recover > "$tmp/ctl.log" 2>&1 || fail "ppctl recover: status $?"
wait_state operational 90
same "the run" "$(last_run result)" success
stop_host
same "left in the runtime directory" "$(ls "$tmp/run")" ""
passed
