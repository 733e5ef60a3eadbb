# A restart leaves the heaters as they are, so that one that cannot succeed is refused.
. "$(dirname "$0")/lib.sh"

start_virtual
start_host
ctl temp tool0=100 > /dev/null || fail "ppctl temp: status $?"
heater_on() { [ "$(status temperatures.tool0.target)" = 100 ]; }
poll 10 heater_on || fail "the hotend does not heat"

mkdir -p "$XDG_CONFIG_HOME/pphost"
echo "heaters_off_after: soon" > "$XDG_CONFIG_HOME/pphost/pphost.yaml"
refuses 1 'not restarted: .*heaters_off_after: "soon"' ctl restart
state_is operational || fail "the host went away"
rm "$XDG_CONFIG_HOME/pphost/pphost.yaml"
ctl restart > /dev/null || fail "ppctl restart: status $?"
poll 20 state_is operational || fail "the host does not come back"
poll 10 heater_on || fail "a restart turned the hotend off"
passed
