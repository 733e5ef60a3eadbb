# A print over the virtual printer's own pty: what was executed equals the file.
. "$(dirname "$0")/lib.sh"

make_gcode 1500 > "$tmp/part.gcode"
start_virtual
start_host
ctl print "$tmp/part.gcode" --wait --bed-clear > "$tmp/ctl.log" 2>&1 || fail "ppctl print: status $?"
same "state after the print" "$(status state)" operational
same "bed after the print" "$(status bed)" occupied
same "resends" "$(status link.resends)" 0

# Nothing starts on a bed that is not clear; an answer of "no" leaves things as they were.
ctl print "$tmp/part.gcode" > "$tmp/ctl.log" 2>&1 < /dev/null || true
same "state with a question open" "$(status state)" operational
same "the question" "$(status question.kind)" bed
ctl confirm "$(status question.id)" no > "$tmp/ctl.log" 2>&1 || fail "ppctl confirm: status $?"
same "bed after \"no\"" "$(status bed)" occupied

stop_host
stop_virtual
same "prints" "$(json prints.length < "$report")" 1
same "hash" "$(hash_of_print)" "$("$expect" "$tmp/part.gcode")"
passed
