#!/usr/bin/env bash
# The live page in a real browser: a rollout starts, harm builds up, somebody rolls back, traffic moves. Pictures of the
# page are left in SHOTS. Needs Chromium (scripts/install_packages.sh --browser).
SCALE=$(realpath "${SCALE:?the path of the scale binary}")
export SCALE
. "$(dirname "$0")/../cli/common.sh"
command -v chromium >/dev/null || fail "no chromium: scripts/install_packages.sh --browser"
mkdir -p "${SHOTS:=$work/shots}"
modules=$("$SOURCE/scripts/web_modules.sh") || fail "no node modules"
SHOTS=$SHOTS SOURCE=$SOURCE MODULES=$modules CHROMIUM=$(command -v chromium) \
  timeout --kill-after=10 300 node "$SOURCE/tests/browser/live_page.mjs" "$work"
code=$?
for lock in "$work"/*/.scale/rollout/gateway.json; do
  [ -e "$lock" ] && kill -KILL "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' "$lock")"
done
exit $code
