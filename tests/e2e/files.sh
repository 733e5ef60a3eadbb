# Bad files are refused in one line and leave nothing behind; odd but good ones are printed as they are.
. "$(dirname "$0")/lib.sh"

good() { # WHAT FILE
    ctl print "$2" --wait --bed-clear > "$tmp/ctl.log" 2>&1 || fail "$1: refused: $(tail -n 1 "$tmp/ctl.log")"
    printf '%s\t%s\n' "$1" "$2" >> "$tmp/printed"
}

# A name that goes takes its content along in the background.
nothing_left() { [ "$(find "$tmp/data" -path '*/blobs/*' | wc -l)" = 0 ]; }

bad() { # WHAT PATTERN FILE
    refuses 1 "$2" "$ppctl" print "$3" --wait --bed-clear
    same "state after: $1" "$(status state)" operational
    same "prints after: $1" "$(status job)" "null"
    poll 10 nothing_left || fail "left over after: $1: $(find "$tmp/data" -path '*/blobs/*')"
}

start_virtual
start_host
make_gcode 200 > "$tmp/plain.gcode"

: > "$tmp/empty.gcode"
bad "an empty file" "empty" "$tmp/empty.gcode"
printf '; only\n; comments\n' > "$tmp/comments.gcode"
bad "a file of comments" "no (command|gcode|move|line)|nothing" "$tmp/comments.gcode"
head -c 300000 "$pphost" > "$tmp/binary.gcode"
bad "a binary file" "binary|no gcode|not gcode|not text" "$tmp/binary.gcode"
sed 's/X100.00/X9000/' "$tmp/plain.gcode" > "$tmp/outside.gcode"
bad "a file that leaves the volume" "outside.gcode.*9000|9000" "$tmp/outside.gcode"
{ cat "$tmp/plain.gcode"; printf 'G1 X100 '; head -c 10000 /dev/zero | tr '\0' '0'; echo; } > "$tmp/long.gcode"
bad "a line of 10 kB" "line [0-9]+|:[0-9]+:" "$tmp/long.gcode"
truncate -s 2200000000 "$tmp/huge.gcode"
bad "a file of 2 GB" "too (big|large)|limit|binary|larger" "$tmp/huge.gcode"
bad "a missing file" "no such|nothere" "$tmp/nothere.gcode"

sed 's/$/\r/' "$tmp/plain.gcode" > "$tmp/crlf.gcode"
good "CRLF" "$tmp/crlf.gcode"
printf '%s' "$(cat "$tmp/plain.gcode")" > "$tmp/nonewline.gcode"
good "no final newline" "$tmp/nonewline.gcode"
{ printf '\357\273\277; Größe\nM117 Größe 5 µm\n'; cat "$tmp/plain.gcode"; } > "$tmp/größe µm.gcode"
good "UTF-8" "$tmp/größe µm.gcode"
{ cat "$tmp/plain.gcode"; printf '; '; head -c 10000 /dev/zero | tr '\0' 'c'; echo; } > "$tmp/comment.gcode"
good "a comment of 10 kB" "$tmp/comment.gcode"

stop_host
stop_virtual
index=0
while IFS='	' read -r what file; do
    same "hash of: $what" "$(hash_of_print $index)" "$("$expect" "$file")"
    index=$((index + 1))
done < "$tmp/printed"
same "number of prints" "$index" 4
passed
