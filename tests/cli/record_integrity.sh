#!/usr/bin/env bash
# Every kind of tampering with a pass is found by `scale verify` and named. The pass is written by another program
# (tests/support/handmade_pass.py), which also checks that the format is what src/record/entry.h says.
set -uo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
complain() { echo "FAILED: $1"; printf '%s\n' "$output" | sed 's/^/    /'; failures=$((failures + 1)); }

fresh() { rm -rf "$folder/pass"; python3 "$SOURCE/tests/support/handmade_pass.py" "$folder/pass" "$@" || exit 1; }
record=$folder/pass/.scale/record.jsonl

# expect TITLE STATUS PATTERN: what verify answers for the pass as it is now.
expect() {
  output=$("$SCALE" verify --dir "$folder/pass" 2>&1); local status=$?
  [ "$status" = "$2" ] || { complain "$1: exit $status instead of $2"; return; }
  grep -Eq "$3" <<<"$output" || { complain "$1: no line like '$3'"; return; }
  echo "ok: $1"
}
object_of() { python3 - "$record" "$1" "$2" <<'PY'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    if entry["kind"] == sys.argv[2]:
        print(entry["payload"][sys.argv[3]])
PY
}
damage_object() { local name; name=$(object_of "$1" "$2"); printf x >>"$folder/pass/.scale/objects/${name:0:2}/$name"; }

fresh; expect "untouched" 0 '^ok +chain: 12 entries'
if grep -q FAILED <<<"$output"; then complain "untouched: something failed"; fi

fresh; sed -i '2s/Q8_0/Q4_0/' "$record"; expect "changed payload" 1 'FAILED +chain: .*line 2.*hash'
fresh; sed -i '5s/"points":1.0/"points":9.0/' "$record"; expect "changed budget" 1 'FAILED +chain: .*line 5'
fresh; sed -i '3s/"seq":3/"seq": 3/' "$record"; expect "same value, other bytes" 1 'FAILED +chain: .*line 3.*canonical'
fresh; sed -i '4d' "$record"; expect "removed line" 1 'FAILED +chain: .*line 4'
fresh; sed -i '1d' "$record"; expect "removed first line" 1 'FAILED +chain: .*line 1'
fresh; sed -i '6{h;d};7{G}' "$record"; expect "swapped lines" 1 'FAILED +chain: .*line 6'
fresh; sed -i '7p' "$record"; expect "doubled line" 1 'FAILED +chain: .*line 8'
fresh; sed -i '3s/^/ \n/' "$record"; expect "blank line" 1 'FAILED +chain: .*line 3'
fresh; printf '{"seq":12,"ti' >>"$record"; expect "torn tail" 0 '^note +tail: 13 bytes'
fresh; truncate -s -40 "$record"; expect "cut last line" 0 '^note +tail: [0-9]+ bytes'

fresh; damage_object calibration_set set_sha256; expect "changed calibration set" 1 'FAILED +objects: entry 3 .*set_sha256.*damaged'
fresh; damage_object verdict measurements_sha256; expect "changed measurements" 1 'FAILED +objects: entry 7 .*measurements_sha256'
fresh; damage_object archived original_sha256; expect "changed archive" 1 'FAILED +objects: entry 8 \(archived\).*damaged'
fresh; damage_object gate_started items_sha256; expect "changed items" 1 'FAILED +objects: .*other bytes than its name'
fresh; name=$(object_of archived original_sha256); rm "$folder/pass/.scale/objects/${name:0:2}/$name"
expect "missing archive" 1 'FAILED +objects: entry 8 \(archived\).*missing'
fresh; printf x | dd of="$folder/pass/model-Q8_0.gguf" bs=1 seek=100 conv=notrunc status=none
expect "changed artefact" 1 'FAILED +artefact: entry 4: model-Q8_0.gguf has SHA-256'
fresh; rm "$folder/pass/model-Q8_0.gguf"; expect "missing artefact" 1 'FAILED +artefact: .*is missing'

# Whole chains that break the framework.
fresh --loosened; expect "budget loosened after a result" 1 'FAILED +budget before result: entry 7 loosens .*kl_mean'
fresh --overlap; expect "gate scores calibration texts" 1 'FAILED +calibration and gate apart: entry 3: 1 ids'
fresh --wrong-verdict; expect "verdict against its figures" 1 'FAILED +verdict: entry 7: check reasoning passes'
fresh --wide-margin; expect "margin wider than declared" 1 'FAILED +verdict: entry 7: check reasoning was held to a margin of 0.03'
fresh --by-bound; expect "a PASS by a lower bound" 1 'FAILED +verdict: entry 7: check kl_mean.* is PASS by a lower bound'
fresh --skip-decision; expect "a stage skipped" 1 'FAILED +order: entry 2 .*no decision before it'

# A damaged record stops every command that reads it, and says where.
fresh; sed -i '2s/Q8_0/Q4_0/' "$record"
for command in status checklist report; do
  output=$("$SCALE" $command --dir "$folder/pass" 2>&1); status=$?
  { [ $status = 1 ] && grep -q 'line 2' <<<"$output"; } || complain "$command on a damaged record: exit $status"
done

rm -rf "$folder/pass"; mkdir "$folder/pass"; expect "no record" 0 '^note +chain: there is no record'
fresh; output=$("$SCALE" verify --dir "$folder/pass" --json)
python3 -c 'import json, sys; r = json.loads(sys.argv[1]); assert r["ok"] and r["exit_code"] == 0 and len(r["findings"]) == 8, r' "$output" ||
  complain "verify --json"

[ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
