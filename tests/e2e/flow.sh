# What a firmware offers to ease the wire: packed lines (MeatPack), XON and XOFF.
. "$(dirname "$0")/lib.sh"

make_gcode 300 > "$tmp/part.gcode"
wanted=$("$expect" "$tmp/part.gcode")
mkdir -p "$tmp/profiles/printers"
{
    cat "$PP_SOURCE/profiles/printers/virtual.yaml"
    echo "meatpack: auto"
} > "$tmp/profiles/printers/packing.yaml"

wire_bytes() { json "prints.${1:-0}.wire_bytes" < "$report"; }

print_it() { # WHAT: prints the part
    ctl print "$tmp/part.gcode" --wait --bed-clear > "$tmp/ctl.log" 2>&1 ||
        fail "$1: ppctl print: status $?: $(tail -n 1 "$tmp/ctl.log")"
}

in_log() { grep -q "$1" "$tmp/host.log"; }

# Plain, for comparison.
start_virtual --wire real --baud 115200 --moves null
start_host
print_it "plain"
stop_host
stop_virtual
same "hash, plain" "$(hash_of_print)" "$wanted"
plain=$(wire_bytes)

# Packed. The printer that the next host finds is still unpacking.
rm -f "$report" "$tmp/host.log"
start_virtual --wire real --baud 115200 --moves null --meatpack
start_host --profiles "$tmp/profiles" --profile packing
in_log "lines go packed" || fail "the host does not pack: $(tail -n 3 "$tmp/host.log")"
print_it "packed"
fresh_report
same "hash, packed" "$(hash_of_print)" "$wanted"
same "resends, packed" "$(json resends < "$report")" 0
packed=$(wire_bytes)
above 0.75 "$(awk -v a="$packed" -v b="$plain" 'BEGIN { printf "%.3f", a / b }')" ||
    fail "packed: $packed bytes, plain: $plain"
echo "flow: bytes on the wire: $plain plain, $packed packed, $((100 * packed / plain)) %"

# Killed, so that the printer goes on unpacking: the next one gets through to it.
stop "$host_pid" KILL || true
rm -f "$tmp/host.log"
start_host --profiles "$tmp/profiles" --profile packing
in_log "lines go packed" || fail "the second host does not pack"

# An urgent line and an emergency stop are seen although lines go packed.
ctl send 'M109 S250' > "$tmp/ctl.log" 2>&1 || fail "ppctl send: status $?"
ctl estop || fail "ppctl estop: status $?"
killed() {
    fresh_report
    [ "$(json killed < "$report")" = true ]
}
poll 2 killed || fail "the printer goes on"
stop_host
stop_virtual

# A receive ring smaller than the host is told, and a printer that is slow to read: the host stops
# when it is asked to, and nothing is lost.
rm -f "$report"
start_virtual --wire real --baud 115200 --moves null --xonxoff --rx 64 --line-us 2000
start_host
print_it "XON/XOFF"
stop_host
stop_virtual
same "hash, XON/XOFF" "$(hash_of_print)" "$wanted"
same "bytes lost" "$(json overflow_bytes < "$report")" 0
above "$(json xoffs < "$report")" 0 || fail "the printer never said XOFF"
passed
