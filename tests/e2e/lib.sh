# Helpers of the end-to-end tests, sourced by each of them.
#
# A test runs the real programs below $tmp, which is removed at the end; whatever was started is stopped,
# by its process id. When the test fails the programs' logs are shown.
# shellcheck shell=sh
set -eu

PP_SOURCE=${PP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
PP_BIN=${PP_BIN:-$PP_SOURCE/build/dev}
pphost=$PP_BIN/pphost ppctl=$PP_BIN/ppctl ppvirtual=$PP_BIN/ppvirtual
expect=$PP_SOURCE/tests/lib/expect
# The system's own where there is one: a wrapper in its place takes ten times as long to start.
python=$(command -v /usr/bin/python3 || command -v python3)
test_name=$(basename "$0" .sh)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pphost-e2e-$test_name.XXXXXX")
device=$tmp/printer
report=$tmp/report.json
mkdir "$tmp/run" "$tmp/home"
chmod 700 "$tmp/run"
export PPHOST_RUNTIME="$tmp/run" HOME="$tmp/home" XDG_CONFIG_HOME="$tmp/home/.config"
export XDG_STATE_HOME="$tmp/state" NO_COLOR=1 LC_ALL=C.UTF-8
unset PPCTL_HOST PPCTL_KEY XDG_RUNTIME_DIR || true
started= virtual_pid= host_pid= done_well=no poll_seconds=0

# --- life of the processes

running() { kill -0 "$1" 2> /dev/null; }
gone() { ! running "$1"; }

stop() { # PID [SIGNAL]: ends a process and waits for it; its status
    running "$1" && kill -"${2:-TERM}" "$1" 2> /dev/null
    wait "$1" 2> /dev/null
}

cleanup() {
    for pid in $started; do
        running "$pid" && kill -TERM "$pid" 2> /dev/null || true
    done
    for pid in $started; do
        poll 10 gone "$pid" || kill -KILL "$pid" 2> /dev/null || true
        wait "$pid" 2> /dev/null || true
    done
    if [ $done_well = no ]; then
        for log in "$tmp"/*.log; do
            [ -s "$log" ] || continue
            echo "--- $(basename "$log")"
            tail -n 40 "$log" | cut -c 1-300
        done
    fi
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "FAILED: $*"
    exit 1
}

# The last line of a test.
passed() {
    done_well=yes
    echo "$test_name: passed"
}

poll() { # SECONDS COMMAND...: repeats it until it succeeds; 1 when the time is over
    poll_end=$(($(date +%s) + $1)) poll_seconds=$1
    shift
    until "$@" > /dev/null 2>&1; do
        [ "$(date +%s)" -lt $poll_end ] || { poll_seconds=0; return 1; }
        sleep 0.1
    done
    poll_seconds=0
}

# --- the programs

# A virtual printer at $device, fast unless the arguments say otherwise.
start_virtual() { # [ARGUMENT...]
    "$ppvirtual" --link "$device" --baud 250000 --speed 200 --wire off --heat 400 --report "$report" \
        "$@" >> "$tmp/virtual.log" 2>&1 &
    virtual_pid=$!
    started="$started $virtual_pid"
    poll 10 test -e "$device" || fail "ppvirtual made no $device"
}

# A host called "test" on $device; returns at once.
launch_host() { # [ARGUMENT...]
    "$pphost" --name test --profile virtual --profiles "$PP_SOURCE/profiles" --data "$tmp/data" \
        --no-network "$@" "$device" >> "$tmp/host.log" 2>&1 &
    host_pid=$!
    started="$started $host_pid"
}

start_host() { # [ARGUMENT...]: and waits until the printer is there
    launch_host "$@"
    wait_state operational 20
}

# Ends the printer, so that its report is complete.
stop_virtual() {
    stop "$virtual_pid" || true
    [ -s "$report" ] || fail "ppvirtual wrote no report"
}

stop_host() {
    stop "$host_pid" || fail "pphost ended with status $?"
}

ctl() { "$ppctl" "$@"; }

# --- asking

json() { # PATH (a.b.0, or .length at its end): the value there in the document on stdin
    "$python" -I -S -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    if key == "length":
        value = len(value)
    else:
        value = value[int(key)] if isinstance(value, list) else value[key]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

status() { ctl status --json | json "$1"; } # PATH

# In a poll it is one process that waits.
status_is() { # PATH OP VALUE
    "$python" -I -S "$PP_SOURCE/tests/lib/status_is.py" "$PPHOST_RUNTIME" "$poll_seconds" "$@"
}

state_is() { status_is state = "$1"; }

wait_state() { # STATE [SECONDS]
    poll "${2:-20}" state_is "$1" ||
        fail "the printer is not $1 after ${2:-20} s but \"$(status state 2>&1 | tail -n 1)\""
}

heater_off() { status_is temperatures.tool0.target = 0; }

lines_done() { status_is job.lines '>=' "$1"; } # COUNT

same() { # WHAT GOT WANTED
    [ "$2" = "$3" ] || fail "$1: \"$2\", wanted \"$3\""
}

# What ppvirtual says of itself now.
fresh_report() {
    rm -f "$report"
    kill -USR1 "$virtual_pid"
    poll 10 test -s "$report" || fail "ppvirtual wrote no report"
}

above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'; } # NUMBER NUMBER
outside() { awk -v x="$1" -v y="$2" 'BEGIN { exit !(x < 20 || x > 180 || y < 20 || y > 180) }'; } # X Y

last_run() { ctl history --json | json "runs.0.$1"; } # FIELD: of the newest print

hash_of_print() { json "prints.${1:-0}.sha256" < "$report"; } # [INDEX]

# Runs a command that must fail with one clear line.
refuses() { # STATUS PATTERN COMMAND...
    wanted_status=$1 pattern=$2
    shift 2
    got=0
    "$@" > "$tmp/refused.out" 2> "$tmp/refused.err" < /dev/null || got=$?
    shown=$(tail -n 3 "$tmp/refused.err")
    [ $got = "$wanted_status" ] || fail "\"$*\": status $got, wanted $wanted_status: $shown"
    grep -Eqi -- "$pattern" "$tmp/refused.err" || fail "\"$*\": no /$pattern/ in \"$shown\""
    [ "$(wc -l < "$tmp/refused.err")" -le "${refuse_lines:-1}" ] ||
        fail "\"$*\": more than one line: $(cat "$tmp/refused.err")"
}

# A small print: start, MOVES short moves within 20..180 mm, a layer for each 1000, end.
make_gcode() { # MOVES
    awk -v moves="$1" 'BEGIN {
        print "; made for a test\nM140 S60\nM104 S210\nG28\nM190 S60\nM109 S210\nG90\nM82\nG92 E0"
        print "G1 Z0.2 F1200"
        x = 20; y = 20; step = 2; e = 0
        for (i = 1; i <= moves; i++) {
            x += step
            if (x > 180 || x < 20) { step = -step; x += step; y = y >= 178 ? 20 : y + 2 }
            e += 0.05
            printf "G1 X%.2f Y%.2f E%.4f F3600 ; move %d\n", x, y, e, i
            if (i % 1000 == 0) printf ";LAYER_CHANGE\nG1 Z%.2f F1200\n", 0.2 + i / 1000 * 0.2
        }
        print "M104 S0\nM140 S0\nG1 X20 Y180 F6000\nM84"
    }'
}
