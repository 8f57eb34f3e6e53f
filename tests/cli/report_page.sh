#!/usr/bin/env bash
# The report is one well-formed page that loads nothing and runs nothing but its own script, whatever the texts in the
# record say; it says all it has to say without that script; and it stands at every point of a pass.
set -uo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
check() { python3 "$SOURCE/tests/support/check_page.py" "$@" || { echo "FAILED: $*"; exit 1; }; }

for until in constraint decision calibration_set artefact budget gate_started verdict rollout_started rolled_back; do
  rm -rf "$folder/pass"
  python3 "$SOURCE/tests/support/handmade_pass.py" "$folder/pass" --until $until --hostile || exit 1
  "$SCALE" report --dir "$folder/pass" -q >/dev/null || { echo "FAILED: report until $until"; exit 1; }
  check "$folder/pass/scale-report.html"
done
check "$folder/pass/scale-report.html" --plots 10 --text 'alert(' --text 'e-value 41' --text 'rolled_back'
rm -rf "$folder/pass"; python3 "$SOURCE/tests/support/handmade_pass.py" "$folder/pass" || exit 1
"$SCALE" report --dir "$folder/pass" -q >/dev/null || exit 1
check "$folder/pass/scale-report.html" --plots 10 --text 'llama-server -m model-Q8_0.gguf' --text '6 × 7 = 42' --text '6 + 7 = 13' \
  --text 'Slices of the traffic' --text '3 of 4 slices' --text 'within one standard deviation' --text 'scale quantize --again'
# What differs between two answers is marked in each, and nothing else is.
python3 - "$folder/pass/scale-report.html" <<'PYTHON' || { echo "FAILED: marked differences"; exit 1; }
import html, re, sys
page = open(sys.argv[1]).read()
marked = lambda tag: [html.unescape(text) for text in re.findall(f"<{tag}>(.*?)</{tag}>", page)]
assert marked("del") == [" ×", " 42 pens.", ' "France"}'], marked("del")
assert marked("ins") == [" +", " 13 pens in all.", " France}"], marked("ins")
PYTHON

mkdir "$folder/empty"
"$SCALE" report --dir "$folder/empty" --output "$folder/empty.html" >/dev/null || exit 1
check "$folder/empty.html" --text 'No constraint is set yet.' --text "Open: the record has no 'verdict' yet."

# What the terminal gets is as harmless: no escape sequences, and the JSON is one object.
for command in status checklist 'checklist --markdown' verify; do
  "$SCALE" $command --dir "$folder/pass" >"$folder/out" 2>&1
  if LC_ALL=C grep -q $'\x1b' "$folder/out"; then echo "FAILED: $command prints an escape sequence"; exit 1; fi
done
for command in status checklist verify report; do
  "$SCALE" $command --dir "$folder/pass" --json >"$folder/out" 2>/dev/null
  python3 -c 'import json, sys; json.load(open(sys.argv[1]))["exit_code"]' "$folder/out" || { echo "FAILED: $command --json"; exit 1; }
done
echo "11 pages are well-formed and inert"
