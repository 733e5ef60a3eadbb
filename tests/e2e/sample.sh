# labels: slow
# The big sliced sample, over a pty of the printer's own and over a socat pair: the same hash.
. "$(dirname "$0")/lib.sh"

sample=$PP_SOURCE/tests/samples/demo.gcode
wanted=$("$expect" "$sample")

start_virtual
start_host
ctl print "$sample" --wait --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
stop_host
stop_virtual
same "hash over the own pty" "$(hash_of_print)" "$wanted"

rm -f "$report"
socat "pty,raw,echo=0,link=$device" "pty,raw,echo=0,link=$tmp/far" 2>> "$tmp/socat.log" &
started="$started $!"
poll 10 test -e "$tmp/far" || fail "socat made no pty"
"$ppvirtual" --device "$tmp/far" --baud 250000 --speed 200 --wire off --heat 400 --report "$report" \
    >> "$tmp/virtual.log" 2>&1 &
virtual_pid=$!
started="$started $virtual_pid"
start_host
ctl print "$sample" --wait --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print over socat: status $?"
stop_host
stop_virtual
same "hash over socat" "$(hash_of_print)" "$wanted"
passed
