# A job of the queue over HTTP: added, managed, printed twice on a bed that a person clears, archived.
. "$(dirname "$0")/lib.sh"

make_gcode 300 > "$tmp/part.gcode"
start_virtual
start_host
url=$(json url < "$tmp/run/test.json") key=$(json key < "$tmp/run/test.json")

api() { # METHOD PATH [BODY]: the answer; fails when it is an error
    curl -sS --fail-with-body -X "$1" -H "X-Api-Key: $key" ${3+--data-binary "$3"} "$url/api/v1/$2"
}

job() { api GET jobs/Vase | json "$1"; } # FIELD
job_is() { [ "$(job state)" = "$1" ]; }
prints_are() { [ "$(api GET "runs?result=success" | json runs.length)" = "$1" ]; }
asks() { status_is questions.length = 1; }

api PUT files/parts/part.gcode @"$tmp/part.gcode" > /dev/null
api POST jobs '{"name": "Vase", "sets": [{"path": "parts/part.gcode", "count": 2}]}' > "$tmp/job.json"
same "state of the job" "$(json state < "$tmp/job.json")" next
same "its time is known" "$(json time_left_ms < "$tmp/job.json" | grep -c '^[1-9]')" 1
same "managing" "$(api GET manage | json managing)" false

api POST manage/start '{}' > /dev/null
for n in 1 2; do
    poll 20 asks || fail "nobody asks whether the bed is clear before print $n"
    same "prints before the answer" "$(api GET runs | json runs.length)" $((n - 1))
    ctl confirm > /dev/null
    poll 30 prints_are $n || fail "print $n did not end well: $(api GET manage)"
done
poll 10 job_is done || fail "the job is not done: $(api GET jobs/Vase)"
same "left in the queue" "$(api GET jobs | json total)" 0
same "in the archive" "$(api GET "jobs?queue=archive" | json jobs.0.name)" Vase
same "the run's job" "$(api GET runs | json runs.0.job_name)" Vase
same "sums" "$(api GET "stats?by=file" | json stats.0.success)" 2
api POST manage/stop '{}' > /dev/null

# A print by hand goes by the same way, and what is refused leaves nothing.
api POST print '{"file": "parts/part.gcode", "bed_clear": true}' > "$tmp/told.json"
same "it waits for nobody" "$(json waits < "$tmp/told.json")" false
poll 30 prints_are 3 || fail "the print by hand did not end well: $(api GET manage)"
same "managing after it" "$(api GET manage | json managing)" false
api POST print '{"file": "none.gcode"}' > "$tmp/refused.json" 2> /dev/null &&
    fail "a missing file is printed"
same "why" "$(json error.field < "$tmp/refused.json")" file
same "jobs left" "$(api GET jobs | json total)" 0

stop_host
stop_virtual
same "prints" "$(json prints.length < "$report")" 3
passed
