# A registry is generated, filled in and checked; keys are private and nothing is overwritten.
. "$(dirname "$0")/lib.sh"

dir=$tmp/config yaml=$tmp/config/registry.yaml

"$pphost" generate_registry 3 "$dir" > "$tmp/said" || fail "generate: status $?"
grep -q "pphost registry check $yaml" "$tmp/said" || fail "what is next is not said: $(cat "$tmp/said")"
grep -q 'ipfs add' "$tmp/said" || fail "how to publish is not said"
awk 'length > 120 { print; bad = 1 } END { exit bad }' "$tmp/said" || fail "lines that are too long"
for n in 1 2 3; do
    same "mode of key $n" "$(stat -c %a "$dir/trusted_peer_$n.priv")" 600
    same "size of key $n" "$(stat -c %s "$dir/trusted_peer_$n.priv")" 68
    same "head of key $n" "$(head -c 4 "$dir/trusted_peer_$n.priv" | od -An -tx1 | tr -d ' ')" 08011240
    same "mode of public key $n" "$(stat -c %a "$dir/trusted_peer_$n.pub")" 644
    same "size of public key $n" "$(stat -c %s "$dir/trusted_peer_$n.pub")" 36
done
grep -q "^- desc: 'TODO" "$yaml" || fail "no TODO: $(cat "$yaml")"
same "trusted peers" "$(grep -c '^  - 12D3KooW' "$yaml")" 3
grep -Eq '^  rendezvous: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$yaml" ||
    fail "no rendezvous: $(cat "$yaml")"

# What is left to say is told, with its lines.
refuse_lines=5
refuses 1 "registry.yaml:3:9: desc: \"TODO.*a TODO was left" "$pphost" registry check "$yaml"
same "mistakes" "$(grep -c 'a TODO was left' "$tmp/refused.err")" 4
refuse_lines=1

# Nothing is overwritten, and nothing begun.
cp "$yaml" "$tmp/before.yaml"
refuses 1 "registry.yaml\" exists already; nothing was written" "$pphost" registry generate 3 "$dir"
cmp -s "$yaml" "$tmp/before.yaml" || fail "the registry was changed"
mkdir "$tmp/other"
: > "$tmp/other/trusted_peer_2.pub"
refuses 1 "trusted_peer_2.pub\" exists already" "$pphost" registry generate 3 "$tmp/other"
same "files" "$(ls "$tmp/other")" trusted_peer_2.pub

# Filled in it is right, and has the CIDs that IPFS gives it.
sed -i "s/'TODO[^']*'/said/" "$yaml"
"$pphost" registry check "$yaml" > "$tmp/said" || fail "check: status $?: $(cat "$tmp/said")"
grep -q 'queue "said": 3 trusted peers, open to clients' "$tmp/said" || fail "$(cat "$tmp/said")"
"$pphost" registry check "$PP_SOURCE/tests/data/peerprint/registry.yaml" > "$tmp/said" || fail "status $?"
grep -q 'QmZypdibs2RGz7mvVHbdf1PVrNKH1p8EZbnoGrCf9Aok4L$' "$tmp/said" || fail "$(cat "$tmp/said")"
grep -q 'bafkreida3r7rbfi7c2fyqlgmut7e44xb6nni4p4jgx5zgteskw2l77e7j4$' "$tmp/said" || fail "$(cat "$tmp/said")"

# Mistakes: each in its line, all at once; two trusted peers are no mistake.
first=$(sed -n 's/^  - \(12D3KooW.*\)/\1/p' "$yaml" | head -n 1)
{ cat "$yaml"; echo "colour: red"; } | sed "s/^  - $first/&\n&/" > "$tmp/bad.yaml"
refuse_lines=3
refuses 1 "bad.yaml:8:5: trustedPeers: \"$first\": is the same as in line 7" "$pphost" registry check "$tmp/bad.yaml"
grep -q 'bad.yaml:13:1: colour: unknown key' "$tmp/refused.err" || fail "$(cat "$tmp/refused.err")"
refuse_lines=1
grep -v "$first" "$yaml" > "$tmp/two.yaml"
"$pphost" registry check "$tmp/two.yaml" > "$tmp/said" || fail "two peers: status $?"
grep -q 'two.yaml:.*warning: trustedPeers: 2: the queue stops' "$tmp/said" || fail "$(cat "$tmp/said")"

# Usage.
refuses 2 '"0": must be the number of trusted peers, 1 to 64' "$pphost" generate_registry 0 "$tmp/x"
refuses 2 '"many": must be the number' "$pphost" registry generate many "$tmp/x"
refuses 2 'wanted: N DIR' "$pphost" generate_registry 3
refuses 2 'wanted: one FILE' "$pphost" registry check
refuses 2 '"frobnicate": must be generate or check' "$pphost" registry frobnicate
refuses 2 'unknown option "--frobnicate"' "$pphost" registry --frobnicate
refuses 1 'nowhere.yaml": No such file' "$pphost" registry check "$tmp/nowhere.yaml"
refuses 1 'null/x": Not a directory' "$pphost" generate_registry 3 /dev/null/x
[ ! -e "$tmp/x" ] || fail "a refused call made a folder"
"$pphost" registry --help | grep -q 'generate' || fail "no help"
passed
