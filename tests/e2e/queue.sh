# The queue end to end: jobs printed one after another on a bed that a script clears, a cancel at the
# printer, the host killed in the middle of it all. What is counted is what the printer has printed.
. "$(dirname "$0")/lib.sh"

# --- the API, as a program uses it

find_api() { # of the host that has just been started: asked for once, each time costs a process
    url=$(json url < "$tmp/run/test.json")
    key=$(json key < "$tmp/run/test.json")
}

api() { # METHOD PATH [JSON]: the answer's body; fails unless 2xx
    code=$(curl -s -o "$tmp/answer" -w '%{http_code}' -X "$1" -H "X-Api-Key: $key" \
        -H "Content-Type: application/json" ${3:+--data "$3"} "$url/api/v1/$2") || return 1
    case $code in
    2*) cat "$tmp/answer" ;;
    *)
        echo "$1 $2: $code $(cat "$tmp/answer")" >&2
        return 1
        ;;
    esac
}

upload() { # FILE
    curl -sf -o "$tmp/answer" -H "X-Api-Key: $key" -F "file=@$1" "$url/api/files/local"
}

job() { # NAME FILE COUNT
    api POST jobs "{\"name\": \"$1\", \"sets\": [{\"path\": \"$2\", \"count\": $3}]}" > /dev/null ||
        fail "job $1 was not taken"
}

managed() { api GET manage | json "$1"; } # FIELD
manages() { status_is manage.state = "$1"; }
wait_managing() { # STATE [SECONDS]
    poll "${2:-30}" manages "$1" || fail "managing is not $1: $(api GET manage 2>&1)"
}
left() { api GET "jobs?queue=local" | json total; }
none_left() { [ "$(left)" = 0 ]; }
printing() { [ "$(status job.file)" = "$1" ] && state_is printing; }

small() { # MOVES [PLACE COMMAND]: a print; COMMAND comes behind move PLACE
    make_gcode "$1" | sed "s/^G1 .*; move ${2:-0}\$/&\n${3:-}/"
}

small 40 > "$tmp/a.gcode"
small 60 > "$tmp/b.gcode"
small 400 50 "M118 A1 action:cancel" > "$tmp/cancelled.gcode"
small 2500 > "$tmp/long.gcode"

start_virtual --speed 100
start_host
find_api
for file in a b cancelled long; do
    upload "$tmp/$file.gcode" || fail "$file.gcode was not taken: $(cat "$tmp/answer")"
done
api PUT scripts/push '{"body": "G28 X Y\nG1 Y150 F6000\nG1 Y5", "clears_bed": true}' > /dev/null
api PUT events/print_success '{"hooks": [{"script": "push"}]}' > /dev/null
api PUT events/finish '{"hooks": []}' > /dev/null

# Three jobs, five prints, nobody near but once.
job A a.gcode 2
job B b.gcode 2
job C a.gcode 1
api POST manage/start '{}' > /dev/null
wait_managing awaiting-bed
ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
poll 60 none_left || fail "jobs are left: $(api GET jobs)"
wait_managing idle
same "archived jobs" "$(api GET "jobs?queue=archive" | json total)" 3
same "the first of them finished" "$(api GET "jobs?queue=archive" | json jobs.0.finished)" true
fresh_report
same "prints" "$(json prints.length < "$report")" 5
same "the first print" "$(hash_of_print 0)" "$("$expect" "$tmp/a.gcode")"
above 2000 "$(managed dead_ms)" || fail "dead time between prints with a script: $(managed dead_ms) ms"

# A cancel at the printer is a person's: nothing is counted, and managing stops.
api POST manage/stop '{}' > /dev/null
job D cancelled.gcode 1
ctl confirm '' clear > "$tmp/ctl.log" 2>&1 || ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm"
api POST manage/start '{}' > /dev/null
cancelled() { [ "$(last_run result)" = cancelled ]; }
poll 60 cancelled || fail "D was not cancelled: $(last_run result)"
wait_managing inactive
same "D is counted" "$(api GET jobs/D | json sets.0.completed)" 0
api DELETE jobs/D > /dev/null

# Killed while it prints: the print goes on, managing too, and it is counted once.
job E long.gcode 1
job F b.gcode 1
api POST manage/start '{}' > /dev/null
wait_managing awaiting-bed
ctl confirm > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
poll 30 lines_done 100 || fail "E does not move"
stop "$host_pid" KILL || true
launch_host
wait_state printing 20
find_api
same "managing after the kill" "$(managed managing)" true
poll 90 none_left || fail "jobs are left: $(api GET jobs)"
fresh_report
same "prints" "$(json prints.length < "$report")" 8
same "the print that was cut off" "$(hash_of_print 6)" "$("$expect" "$tmp/long.gcode")"
same "successful runs" "$(ctl history --json | "$python" -I -S -c '
import json, sys
print(sum(r["result"] == "success" for r in json.load(sys.stdin)["runs"]))')" 7

# Killed with nothing printed: it heats nothing by itself, and says so.
wait_managing idle
stop "$host_pid" KILL || true
launch_host
wait_state operational 20
find_api
same "managing after a kill with no print" "$(managed managing)" false
job G a.gcode 1
same "G waits" "$(left)" 1
stop_host
stop_virtual
passed
