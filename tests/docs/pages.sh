#!/usr/bin/env bash
# Every command and snippet of the documentation's pages, checked; pages_slow.sh runs the commands, too.
. "$(dirname "$0")/../cli/common.sh"
model=$(test_model) || skip "no test model"
/usr/bin/python3 -c 'import yaml' || fail "no yaml for Debian's python: scripts/install_packages.sh"
/usr/bin/python3 "$SOURCE/tests/docs/pages.py" "$SOURCE" "$SCALE" "$(realpath "$model")" || fail "the pages"
python3 "$SOURCE/docs/site/record_reference.py" "$SOURCE" >record.md || fail "the reference of the record"
expect_grep '^### Verdict$' record.md
expect_grep '^\| `kl_estimate` \| `double` .* nats per token' record.md
python3 "$SOURCE/docs/site/power_picture.py" "$SOURCE/docs/measurements/gate-simulation.md" >power.svg || fail "the picture"
[ "$(grep -c polyline power.svg)" = 3 ] || fail "the picture has $(grep -c polyline power.svg) lines"
