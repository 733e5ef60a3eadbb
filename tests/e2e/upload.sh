# A slicer's upload with print=true: refused without a key, asked about the bed, printed after the answer.
. "$(dirname "$0")/lib.sh"

make_gcode 300 > "$tmp/part.gcode"
start_virtual
start_host
url=$(json url < "$tmp/run/test.json")
key=$(ctl key add slicer --scope print 2> /dev/null | grep -Eo '[A-Za-z0-9_-]{43}' | head -n 1)
[ -n "$key" ] || fail "ppctl key add showed no key"

post() { # KEY: status; the body goes to $tmp/body
    curl -s -o "$tmp/body" -w '%{http_code}' -H "X-Api-Key: $1" -F print=true -F path= \
        -F "file=@$tmp/part.gcode;type=application/octet-stream" "$url/api/files/local"
}

same "version without a key" "$(curl -s -o "$tmp/body" -w '%{http_code}' "$url/api/version")" 200
json text < "$tmp/body" | grep -q OctoPrint || fail "no OctoPrint in $(cat "$tmp/body")"
same "upload with a wrong key" "$(post wrong)" 403
same "upload" "$(post "$key")" 201
json files.local.name < "$tmp/body" | grep -qx part.gcode || fail "answer: $(cat "$tmp/body")"
same "state with a question open" "$(status state)" operational
same "the question" "$(status question.kind)" bed
ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
poll 30 state_is printing || true
wait_state operational 60
stop_host
stop_virtual
same "hash" "$(hash_of_print)" "$("$expect" "$tmp/part.gcode")"
passed
