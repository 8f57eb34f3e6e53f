#!/usr/bin/env bash
# `scale run` killed by SIGKILL at every stage boundary goes on where it was: the record stays whole, no stage that was
# done is done again, and the next run ends with a verdict.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"

mkdir pass
make_traffic 400 pass/traffic.jsonl
expect_exit 0 "$SCALE" init "$model" --dir pass
# A small pass: few rounds, few items. The type is pinned, so that the kernel trial's noise does not decide.
sed -i -e 's/^trial_rounds = .*/trial_rounds = 1/' -e 's/^# type = .*/type = "Q4_K_M"/' \
  -e 's/^# type_reason = .*/type_reason = "a test"/' -e 's/^samples = .*/samples = 128/' -e 's/^allocation = "searched"/allocation = "stock"/' -e 's/^max_tokens = .*/max_tokens = 64/' \
  -e 's/^mode = "auto"/mode = "likelihood"/' -e 's/^items = .*/items = 20/' -e 's/^kl_tokens = .*/kl_tokens = 512/' -e '/^\[budget\]/,/^\[/s/^context = .*/context = 256/' \
  pass/scale.toml

record=pass/.scale/record.jsonl
# Entries that a step left; every run that begins a step leaves its forecast, too.
lines() { if [ -e "$record" ]; then grep -vc '"kind":"forecast"' "$record"; else echo 0; fi; }
kinds() { python3 -c 'import json, sys
for line in open(sys.argv[1]): print(json.loads(line)["kind"])' "$record" | grep -v '^forecast$'; }

# Boundaries: as soon as the record has 0, 1, 2, … entries the run is killed; before the first, once its worker runs.
for boundary in 0 1 2 3 4 5 6; do
  "$SCALE" run --dir pass -q >run.log 2>&1 &
  process=$!
  kill_at_end "$process"
  waited=0
  while [ "$(lines)" -lt "$boundary" ] || { [ "$boundary" -eq 0 ] && [ "$waited" -lt 5 ]; }; do
    kill -0 "$process" 2>/dev/null || break
    sleep 0.02
    waited=$((waited + 1))
    [ "$waited" -lt 15000 ] || fail "the run did not reach entry $boundary"
  done
  kill_now "$process"
  expect_exit 0 "$SCALE" verify --dir pass
done

expect_exit 0 "$SCALE" status --dir pass
got=0
"$SCALE" run --dir pass -q >stdout 2>stderr </dev/null || got=$?
# The test model is at chance in most suites, so that the verdict is any but an error or a refusal.
case $got in 0 | 3 | 4) ;; *) fail "the last run ended with $got, the one before it said: $(tail -5 run.log)" ;; esac
expect_exit 0 "$SCALE" verify --dir pass
[ "$(kinds | sort | uniq -c | awk '$1 > 1' | grep -v gate_started)" = "" ] || fail "a stage was done twice: $(kinds | tr '\n' ' ')"
[ "$(kinds | grep -c '^verdict$')" = 1 ] || fail "no verdict"
[ "$(kinds | sed -n '1,5p' | tr '\n' ' ')" = "constraint decision budget calibration_set artefact " ] || fail "order: $(kinds | tr '\n' ' ')"

# Run again: everything is done, nothing is measured again.
before=$(wc -l <"$record")
"$SCALE" run --dir pass -q >stdout 2>stderr </dev/null
[ "$(wc -l <"$record")" = "$before" ] || fail "a finished pass was done again"
echo "killed at 7 boundaries, whole in the end"
