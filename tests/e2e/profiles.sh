# `pphost profiles`: a table that fits a terminal; a printer as a file that reads back as itself;
# a file is checked against the printer it names, however that is spelt.
. "$(dirname "$0")/lib.sh"

profiles() { "$pphost" profiles --profiles "$PP_SOURCE/profiles" "$@"; }

profiles > "$tmp/list" 2> "$tmp/mistakes" || fail "profiles: status $?: $(cat "$tmp/mistakes")"
[ "$(wc -l < "$tmp/list")" -gt 80 ] || fail "only $(wc -l < "$tmp/list") lines"
awk 'length > 110 { print; bad = 1 } END { exit bad }' "$tmp/list" || fail "lines that are too long"
column=$(head -n 1 "$tmp/list" | awk '{ print index($0, "FIRMWARE") }')
LC_ALL=C grep -v '[^ -~]' "$tmp/list" | awk -v c="$column" 'NR > 1 && substr($0, c - 2, 3) !~ /^  [a-z]$/ {
    print; bad = 1 } END { exit bad }' || fail "columns that are not straight"

mkdir -p "$tmp/mine/printers"
for name in virtual creality-cr30 prusa-xl5 flsun-q5 generic; do
    profiles "$name" > "$tmp/mine/printers/copy-$name.yaml"
    "$pphost" profiles "copy-$name" --profiles "$tmp/mine" > "$tmp/again" || fail "$name does not read back"
    tail -n +2 "$tmp/mine/printers/copy-$name.yaml" > "$tmp/first"
    tail -n +2 "$tmp/again" | sed "s/ # given here$//" | diff "$tmp/first" - || fail "$name is another when read back"
done
sed 's/^scripts:/ignore_lines: [M84, "M104 S0"]\n&/' "$tmp/mine/printers/copy-generic.yaml" > "$tmp/mine/printers/quiet.yaml"
"$pphost" profiles quiet --profiles "$tmp/mine" > "$tmp/again" || fail "quiet.yaml: status $?"
grep -A 2 '^ignore_lines:' "$tmp/again" | grep -q '"M104 S0"' || fail "lines to ignore are not shown: $(cat "$tmp/again")"
refuses 1 'no profile "creality-ender3v2"; did you mean "creality-ender3-v2"' \
    "$pphost" profiles --profiles "$PP_SOURCE/profiles" creality-ender3v2

printf '; printer_model = %s\nM104 S200\nG28\nG1 X10 Y10 Z.2 E1 F1200\n' "Creality Ender 3 V2" > "$tmp/part.gcode"
"$pphost" analyze --profiles "$PP_SOURCE/profiles" "$tmp/part.gcode" > "$tmp/said" || fail "status $?"
grep -q 'may be printed on creality-ender3-v2' "$tmp/said" || fail "$(cat "$tmp/said")"
printf '; printer_model = %s\nM104 S200\nG28\nG1 X10 Y10 Z.2 E1 F1200\n' "Creality Ender-3 V9" > "$tmp/part.gcode"
"$pphost" analyze --profiles "$PP_SOURCE/profiles" "$tmp/part.gcode" > "$tmp/said" || fail "status $?"
grep -q 'not checked against a printer' "$tmp/said" || fail "$(cat "$tmp/said")"
passed
