#!/usr/bin/env bash
# The report in Chromium: plots, keyboard, accessibility, phone, print, no script, hostile texts. Screenshots go to SHOTS.
. "$(dirname "$0")/../cli/common.sh"
export MODULES CHROMIUM=${CHROMIUM:-$(command -v chromium)} SHOTS=${SHOTS:-$work/shots}
MODULES=$("$SOURCE/scripts/web_modules.sh")
for kind in plain hostile; do
  python3 "$SOURCE/tests/support/handmade_pass.py" $kind $([ $kind = hostile ] && echo --hostile) || fail "no pass"
  expect_exit 0 "$SCALE" report --dir $kind
done
node "$SOURCE/tests/browser/report_page.mjs" "$work/plain/scale-report.html" "$work/hostile/scale-report.html" || fail "the report in the browser"
