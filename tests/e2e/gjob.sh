# Packages of jobs: one made by another program is imported with every field, and what goes out is
# what that program makes; broken ones leave nothing; a host that is killed meanwhile has all or none.
. "$(dirname "$0")/lib.sh"

gjob() { "$python" "$PP_SOURCE/tests/lib/gjob.py" "$@"; }

job() { ctl job "Toy car äß" --json | json "$1"; } # PATH
jobs() { ctl jobs --json | json total; }
files() { ctl files --json | json files.length; }

start_virtual
start_host

gjob make "$tmp/car.gjob"
ctl import "$tmp/car.gjob" > "$tmp/ctl.log" 2>&1 || fail "not imported: $(cat "$tmp/ctl.log")"
same count "$(job count)" 7
same remaining "$(job remaining)" 4
same draft "$(job draft)" true
same created "$(job created_ms)" 1700000000000
same sets "$(job sets.length)" 2
same path "$(job sets.0.path)" "imports/Toy car äß/cube.gcode"
same "count of a set" "$(job sets.0.count)" 3
same "remaining of a set" "$(job sets.0.remaining)" 5
same "completed of a set" "$(job sets.0.completed)" 2
same materials "$(job sets.0.materials)" '["PLA_Black_#000000", null, "PETG"]'
same profile "$(job sets.0.profiles.0)" creality-ender3
same "a set's second file" "$(job sets.1.path)" "imports/Toy car äß/ring.gcode"
same "printed of it" "$(job sets.1.completed)" 1
same files "$(files)" 2

ctl export "Toy car äß" "$tmp/out.gjob" > "$tmp/ctl.log" 2>&1 || fail "not exported: $(cat "$tmp/ctl.log")"
cat > "$tmp/expected.json" << 'END'
{"name": "Toy car äß", "count": 7, "draft": true, "created": 1700000000, "remaining": 4, "sets": [
 {"path": "cube.gcode", "count": 3, "remaining": 5, "completed": 2,
  "materials": ["PLA_Black_#000000", "", "PETG"]},
 {"path": "ring.gcode", "count": 1, "remaining": 0, "completed": 1, "materials": [], "profiles": []}]}
END
gjob check "$tmp/out.gjob" "$tmp/expected.json" || fail "the package is not as it should be"

for broken in entry_up bomb count_huge damaged; do
    gjob make "$tmp/bad.gjob" $broken
    refuses 1 "entry|manifest|count|file" "$ppctl" import "$tmp/bad.gjob"
    same "jobs after $broken" "$(jobs)" 1
    same "files after $broken" "$(files)" 2
done
same "contents" "$(find "$tmp/data/blobs" -type f -name '[0-9a-f]*' | wc -l)" 2

for delay in 0 0.02; do
    before=$(jobs)
    ctl import "$tmp/car.gjob" > /dev/null 2>&1 &
    import_pid=$!
    sleep $delay
    stop "$host_pid" KILL || true
    wait $import_pid 2> /dev/null || true
    start_host
    after=$(jobs)
    [ "$after" = "$before" ] || [ "$after" = $((before + 1)) ] || fail "$after jobs after $before"
    same "files after a kill" "$(ctl files --json | grep -o '"name": *"imports/' | wc -l)" 2
done
stop_host
passed
