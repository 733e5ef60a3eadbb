# Installed into a folder that nobody configured, the program finds its profiles and scripts beside
# it, and the systemd unit names the program that was installed.
. "$(dirname "$0")/lib.sh"

cmake --install "$PP_BIN" --prefix "$tmp/there" > "$tmp/log" 2>&1 || fail "install: $(cat "$tmp/log")"
"$tmp/there/bin/pphost" profiles > "$tmp/list" || fail "profiles: status $?"
grep -q '^virtual ' "$tmp/list" || fail "no profile virtual: $(head -n 3 "$tmp/list")"
"$tmp/there/bin/pphost" profiles --scripts > "$tmp/list" || fail "scripts: status $?"
grep -q '^pause .*clears bed' "$tmp/list" || fail "no script pause: $(head -n 3 "$tmp/list")"
grep -q "^ExecStart=$tmp/there/bin/pphost %f" "$tmp/there/lib/systemd/system/pphost@.service" ||
    fail "$(grep ExecStart "$tmp/there/lib/systemd/system/pphost@.service")"
for file in $(grep -o '](\(host\|profiles\|tools\)[^)#]*' "$tmp/there/share/doc/pphost/README.md" | cut -c 3-); do
    [ -f "$tmp/there/share/doc/pphost/$file" ] || fail "the README links to $file, which is not there"
done

mkdir "$tmp/alone"
cp "$tmp/there/bin/pphost" "$tmp/alone"
[ -e /usr/local/share/pphost ] || refuses 1 'there are no profiles in "/' "$tmp/alone/pphost" profiles
passed
