#!/usr/bin/env bash
# Every command of the documentation's pages, run in their order on one pass of the small model.
. "$(dirname "$0")/../cli/common.sh"
model=$(test_model) || skip "no test model"
/usr/bin/python3 -c 'import yaml' || fail "no yaml for Debian's python: scripts/install_packages.sh"
make_traffic 400 requests.jsonl
trap '"$SCALE" evaluate stop --dir my-pass -q >/dev/null 2>&1; cleanup' EXIT
/usr/bin/python3 "$SOURCE/tests/docs/pages.py" "$SOURCE" "$SCALE" "$(realpath "$model")" --run || fail "the pages"
