# Unknown options, commands and values: one line that says what is wrong, and status 2.
. "$(dirname "$0")/lib.sh"

refuse_lines=2 # the mistake, and where to find help
for program in "$pphost" "$ppctl" "$ppvirtual"; do
    refuses 2 "frobnicate" "$program" --frobnicate
    "$program" --help > "$tmp/help.out" 2>&1 || fail "$program --help: status $?"
    [ "$(wc -l < "$tmp/help.out")" -gt 3 ] || fail "$program --help says too little"
done
refuses 2 "frobnicate" "$pphost" frobnicate
refuses 2 "frobnicate" "$ppctl" frobnicate
refuses 2 "fast" "$pphost" --baud fast /dev/null
refuses 2 "." "$pphost"
refuses 2 "." "$ppctl"
refuses 3 "no host" "$ppctl" status
refuses 1 "nowhere.gcode" "$pphost" analyze "$tmp/nowhere.gcode"
refuses 1 "nowhere.yaml" "$pphost" check-config "$tmp/nowhere.yaml"
printf 'printers:\n  one:\n    buad: 115200\n' > "$tmp/bad.yaml"
refuses 1 "bad.yaml:3:5: buad: .*baud" "$pphost" check-config "$tmp/bad.yaml"
passed
