# labels: slow
# `pphost analyze`: what it says of good and of bad files, and its exit status.
. "$(dirname "$0")/lib.sh"

# The package's own profiles, by the source tree: nothing is installed yet.
analyze() { "$pphost" analyze --profiles "$PP_SOURCE/profiles" "$@"; }

says() { # STATUS PATTERN ARGUMENTS...
    wanted=$1 pattern=$2
    shift 2
    got=0
    analyze "$@" > "$tmp/said.out" 2> "$tmp/said.err" < /dev/null || got=$?
    [ $got = "$wanted" ] || fail "analyze $*: status $got, wanted $wanted: $(cat "$tmp/said.err")"
    grep -Eq -- "$pattern" "$tmp/said.out" || fail "analyze $*: no /$pattern/ in: $(cat "$tmp/said.out")"
    [ ! -s "$tmp/said.err" ] || fail "analyze $*: on stderr: $(cat "$tmp/said.err")"
}

demo=$PP_SOURCE/tests/samples/demo.gcode
says 0 "may be printed on virtual" "$demo"
says 0 "layers +70 of 0.2 mm" -p virtual "$demo"
says 0 "PrusaSlicer" "$PP_SOURCE"/tests/samples/*.gcode
says 1 'sliced for "Virtual"' -p creality-ender3 "$demo"
analyze --json "$demo" "$PP_SOURCE/tests/samples/gear.gcode" > "$tmp/two.json" || fail "--json: status $?"
same "files in the document" "$(json files.1.analysis.layers < "$tmp/two.json")" 27
same "verdict in the document" "$(json files.0.preflight.refused < "$tmp/two.json")" false

: > "$tmp/empty.gcode"
says 1 "the file is empty" "$tmp/empty.gcode"
head -c 5000 /dev/urandom > "$tmp/random.gcode"
says 1 "error: " "$tmp/random.gcode"
truncate -s 2G "$tmp/huge.gcode"
says 1 "line 1: binary bytes" "$tmp/huge.gcode"
{ cat "$demo"; printf 'M83\nG28\nG1 X300 Y20 E1'; } > "$tmp/outside.gcode"
says 1 "line $(wc -l < "$tmp/outside.gcode" | awk '{print $1 + 1}'): extrudes at X 300 mm: .* X 220 mm" "$tmp/outside.gcode"
sed 's/$/\r/' "$demo" > "$tmp/crlf.gcode"
says 0 "may be printed" "$tmp/crlf.gcode"
{ printf ';'; head -c 10000 /dev/zero | tr '\0' x; echo; cat "$demo"; } > "$tmp/long.gcode"
says 0 "may be printed" "$tmp/long.gcode"
{ cat "$demo"; printf 'M104 S0'; head -c 10000 /dev/zero | tr '\0' 0; } > "$tmp/long.gcode"
says 1 "a command of 10007 bytes" "$tmp/long.gcode"

refuses 1 "missing.gcode: No such file" "$pphost" analyze "$tmp/missing.gcode"
refuses 1 "is a folder" "$pphost" analyze "$tmp"
refuses 1 'profile "virtul".*did you mean "virtual"' "$pphost" analyze --profiles "$PP_SOURCE/profiles" \
    -p virtul "$demo"
refuses 2 "no FILE" "$pphost" analyze
passed
