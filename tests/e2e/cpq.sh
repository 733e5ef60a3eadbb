# Continuous Print's HTTP dialect as its clients speak it, down to the print; and what `upload_action`
# and the printer's own "queuego" do.
. "$(dirname "$0")/lib.sh"

cpq() { # METHOD PATH [CURL ARGUMENT...]: the answer's body; fails unless 2xx
    method=$1 path=$2
    shift 2
    code=$(curl -s -o "$tmp/answer" -w '%{http_code}' -X "$method" \
        -H "X-Api-Key: $(json key < "$tmp/run/test.json")" "$@" \
        "$(json url < "$tmp/run/test.json")/plugin/continuousprint/$path") || return 1
    case $code in
    2*) cat "$tmp/answer" ;;
    *)
        echo "$method $path: $code $(cat "$tmp/answer")" >&2
        return 1
        ;;
    esac
}

upload() { # FILE
    curl -sf -o "$tmp/answer" -H "X-Api-Key: $(json key < "$tmp/run/test.json")" -F "file=@$1" \
        "$(json url < "$tmp/run/test.json")/api/files/local"
}

state() { cpq GET state/get | json "$1"; } # FIELD
needs_action() { [ "$(state statusType)" = NEEDS_ACTION ]; }
active() { [ "$(state active)" = true ]; }
succeeded() { [ "$(cpq GET history/get | grep -o '"result":"success"' | wc -l)" = "$1" ]; } # COUNT
none_left() { [ "$(state queues.0.jobs.length)" = 0 ]; }

make_gcode 40 > "$tmp/a.gcode"
make_gcode 40 | sed 's/^G1 .*; move 20$/&\nM118 A1 action:queuego/' > "$tmp/go.gcode"
echo 'upload_action: add_draft' > "$tmp/pphost.yaml"

start_virtual --speed 100
start_host --config "$tmp/pphost.yaml"

# An upload is a draft of one set; the client gives it a name and a count, and lets it go.
upload "$tmp/a.gcode" || fail "the upload was not taken: $(cat "$tmp/answer")"
id=$(json job < "$tmp/answer")
same "the draft" "$(state queues.0.jobs.0.draft)" true
cpq POST job/edit --data-urlencode \
    "json={\"id\": \"$id\", \"queue\": \"local\", \"name\": \"Vase\", \"count\": 2, \"draft\": false}" \
    > /dev/null || fail "the edit was refused"
same "the job" "$(state queues.0.jobs.0.name) $(state queues.0.jobs.0.remaining)" "Vase 2"
cpq POST set/add -d path=none.gcode > /dev/null 2> "$tmp/err" && fail "a missing file was taken"
grep -q 'no file \\"none.gcode\\"' "$tmp/err" || fail "it is not told: $(cat "$tmp/err")"

# It is printed, once for each copy, and never before somebody has looked at the bed.
cpq POST automation/edit --data-urlencode 'json={"scripts": {"push": "G28 X Y"}, "preprocessors": {},
    "events": {"continuousprint_success": [{"script": "push", "preprocessor": null}]}}' > /dev/null ||
    fail "the scripts were refused"
same "managing" "$(cpq POST set_active -d active=true | json active)" true
for print in 1 2; do
    poll 30 needs_action || fail "nobody is asked before print $print: $(cpq GET state/get)"
    ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: $(cat "$tmp/ctl.log")"
    poll 30 succeeded $print || fail "print $print has not ended: $(cpq GET history/get)"
done
poll 30 none_left || fail "jobs are left: $(cpq GET state/get)"
same "history" "$(cpq GET history/get | json length) $(cpq GET history/get | json 0.job_name)" "2 Vase"
same "stopped" "$(cpq POST set_active -d active=False | json active)" false

# The printer itself starts managing.
ctl print "$tmp/go.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: $(cat "$tmp/ctl.log")"
poll 30 active || fail "queuego was not heard: $(cpq GET state/get)"
stop_host
stop_virtual
passed
