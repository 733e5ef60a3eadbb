# A restart leaves the heaters as they are, so that one that cannot succeed is refused; a heater that
# misbehaves ends a print.
. "$(dirname "$0")/lib.sh"

start_virtual
start_host
ctl temp tool0=100 > /dev/null || fail "ppctl temp: status $?"
heater_on() { status_is temperatures.tool0.target = 100; }
poll 10 heater_on || fail "the hotend does not heat"

mkdir -p "$XDG_CONFIG_HOME/pphost"
echo "heaters_off_after: soon" > "$XDG_CONFIG_HOME/pphost/pphost.yaml"
refuses 1 'not restarted: .*heaters_off_after: "soon"' ctl restart
state_is operational || fail "the host went away"
rm "$XDG_CONFIG_HOME/pphost/pphost.yaml"
ctl restart > /dev/null || fail "ppctl restart: status $?"
poll 20 state_is operational || fail "the host does not come back"
poll 10 heater_on || fail "a restart turned the hotend off"
stop_host
stop_virtual

make_gcode 5000 > "$tmp/part.gcode"
ended() { state_is operational || state_is error; }

fails_by() { # FAULT MESSAGE
    rm -f "$report"
    start_virtual --speed 5 --fault "at=line:100,do=temp,heater=tool0,$1"
    start_host
    ctl print "$tmp/part.gcode" --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
    poll 30 ended || fail "$1: the print goes on"
    same "$1: the run" "$(last_run result)" failure
    last_run reason | grep -q "$2" || fail "$1: the reason is \"$(last_run reason)\""
    fresh_report
    for heater in 0 1; do
        same "$1: target of heater $heater" "$(json heaters.$heater.target < "$report")" 0.0
    done
    stop_host
    stop_virtual
}

fails_by how=nan "tool0 reads no temperature"
fails_by how=value,value=320 "tool0 reads 320.0 .* cannot be"
passed
