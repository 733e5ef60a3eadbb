# The queue by ppctl alone, as a person drives it: files in, printed one after another, looked at, put
# away, brought back, handed on.
. "$(dirname "$0")/lib.sh"

none_left() { [ "$(ctl --json jobs | json total)" = 0 ]; }
says() { # PATTERN COMMAND...: a ppctl command that ends well and prints a line like this
    pattern=$1
    shift
    ctl "$@" > "$tmp/said.log" 2>&1 || fail "ppctl $*: status $?: $(cat "$tmp/said.log")"
    grep -Eq -- "$pattern" "$tmp/said.log" || fail "ppctl $*: no /$pattern/ in: $(cat "$tmp/said.log")"
}

make_gcode 40 > "$tmp/gear.gcode"
make_gcode 60 > "$tmp/axle.gcode"
(make_gcode 10 && echo "G28 ; M104 S999" && echo "M104 S999") > "$tmp/hot.gcode"
echo "G28 X Y" > "$tmp/push.gcode"

start_virtual
start_host
cd "$tmp"

# --- what runs between prints
says "^test: saved" script set push push.gcode --clears-bed --text "Pushes it off."
says "^push +.yours, clears the bed. Pushes it off" scripts
says "^  G28 X Y" script test push --moment print_success
says "^test: saved" event set print_success push
says "nothing runs" event set finish
says "^print_success +push$" events
refuses 1 'unknown moment|must be' ctl event set teatime push
refuses 1 'no script|there is no' ctl event set finish nope

# --- a job is put together, started, printed
says "nothing is managed: ppctl start" add --job gears -n 2 gear.gcode axle.gcode
says "^  1  .* gears +0/2 +next" jobs
refuses 1 'neither here nor on the host' ctl add nope.gcode
refuses 1 'profile' ctl add --profile no-such-printer gear.gcode
says "is the bed clear\\? \\(answer with: ppctl confirm\\)" start
says "queue +waiting for a person" status
says "answered yes to" confirm
poll 60 none_left || fail "jobs are left: $(ctl jobs)"
says "nothing to print" start
same "prints" "$(ctl --json history | json runs.length)" 4
says "^gear.gcode +2 +2 +0" stats --by file
says "gears +2/2 +done" jobs --queue archive
same "prints of the job" "$(ctl --json history --job gears | json runs.length)" 4

# --- brought back, kept as a template, handed on as a file
says "gears \\([0-9a-f]*\\) is back" restore gears
says "^  1  .* gears +0/2" jobs
says "^test: template saved" template save weekly gears
says "^again" template use weekly -n 5 --job again
says "again +0/5" jobs
says "^again.gjob: " export again
refuses 1 'is there already' ctl export again
says "is in the archive; ppctl restore" rm again
says "it is a draft: ppctl edit [0-9a-f]* draft=no" import again.gjob --queue local
says "again +0/5 +draft" jobs
says "^gear.gcode \\(|^gears \\(" rm gears
says 'again' edit again count=3
says 'again' rm again
refuses 1 'may be any of 2 jobs' ctl restore again

# --- one file at once, while managing and not
says "^test: stopped|not managing" stop
refuse_lines=9 refuses 1 '999' ctl print hot.gcode
[ -z "$(ctl files | grep hot.gcode)" ] || fail "a refused file stays behind"
says "^gear.gcode printed in" print --wait --bed-clear gear.gcode
ctl status --json > "$tmp/status.json"
same "managing after one print" "$(json manage.managing < "$tmp/status.json")" false
refuses 1 'ppctl confirm; ppctl rm [0-9a-f]+ takes it off' ctl print --wait gear.gcode
says "answered yes" confirm
poll 30 none_left || fail "it was not printed: $(ctl jobs)"

says "no file is in quarantine" quarantine
says "tool 0: PLA" load 0 PLA_Black
stop_host
stop_virtual
passed
