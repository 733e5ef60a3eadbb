# labels: slow
# Bad devices: missing, no terminal, forbidden, busy, silent, wrong baud rate, two hosts on one data
# directory. Each is one clear line, and nothing is left behind.
. "$(dirname "$0")/lib.sh"

host() { timeout 30 "$pphost" --name test --profile virtual --profiles "$PP_SOURCE/profiles" --no-network "$@"; }
nothing_left() {
    same "left in the runtime directory after: $1" "$(ls "$tmp/run")" "${2:-}"
}

device_problem() { # WHAT PATTERN: the host says it in its status and its log, and stays
    poll 20 grep -Eqi -- "$2" "$tmp/host.log" || fail "$1: no /$2/ in the log"
}

refuses 1 "missing.*is not there" \
    host --data "$tmp/data" "$tmp/missing"
nothing_left "a missing device"
refuses 1 "not a (serial port|terminal|tty)|no (serial port|terminal)" host --data "$tmp/data" /dev/null
nothing_left "a device that is no port"

start_virtual
if [ "$(id -u)" = 0 ]; then
    chgrp dialout "$(readlink -f "$device")"
    chmod 660 "$(readlink -f "$device")"
    chmod 755 "$tmp"
    mkdir "$tmp/nobody"
    chmod 700 "$tmp/nobody"
    chown nobody "$tmp/nobody"
    cp "$pphost" "$tmp/pphost" # nobody may not be able to reach the build folder
    refuses 1 "no permission.*dialout" setpriv --reuid=65534 --regid=65534 --clear-groups \
        env PPHOST_RUNTIME="$tmp/nobody" "$tmp/pphost" --name test --no-network \
        --data "$tmp/nobody/data" "$device"
else
    chmod 000 "$(readlink -f "$device")"
    refuses 1 "no permission" host --data "$tmp/data" "$device"
fi
chmod 600 "$(readlink -f "$device")"

start_host
refuses 1 "busy|in use|already" host --data "$tmp/other" --name other "$device"
nothing_left "a busy device" "$(ls "$tmp/run" | grep -v other)"
first_virtual=$virtual_pid device=$tmp/second
start_virtual
refuses 1 "$tmp/data.*(in use|used by|another|locked)" host --data "$tmp/data" --name other "$tmp/second"
stop "$virtual_pid" || true
virtual_pid=$first_virtual device=$tmp/printer
stop_host
stop_virtual
nothing_left "a host that ended"

# Nobody at the far end.
device=$tmp/silent
socat "pty,raw,echo=0,link=$device" "pty,raw,echo=0,link=$tmp/far" 2>> "$tmp/socat.log" &
started="$started $!"
poll 10 test -e "$tmp/far" || fail "socat made no pty"
: > "$tmp/host.log"
launch_host --baud 250000
device_problem "a silent device" "no answer|does not answer|silent|nothing"
stop_host

# The printer talks at another rate than the one demanded.
device=$tmp/printer
rm -rf "$tmp/data"
start_virtual --baud 250000 --wire real
: > "$tmp/host.log"
launch_host --baud 115200
device_problem "a wrong baud rate" "baud"
stop_host
passed
