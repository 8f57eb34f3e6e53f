#!/usr/bin/env bash
# Two commands on one pass: the second is told who works on it; the record has one constraint.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
mkdir pass
make_traffic 200 pass/traffic.jsonl
expect_exit 0 "$SCALE" init "$model" --dir pass
# Holds the work lock as another command would.
exec 8>>pass/.scale/work.lock 2>/dev/null || { mkdir -p pass/.scale; exec 8>>pass/.scale/work.lock; }
flock 8
printf 'scale choose (process 1, since 2026-01-01T00:00:00Z)' >pass/.scale/work.lock
expect_exit 1 "$SCALE" set --dir pass
expect_grep 'another command works on this pass: scale choose \(process 1'
[ ! -e pass/.scale/record.jsonl ] || fail "something was recorded"
flock -u 8
exec 8>&-
expect_exit 0 "$SCALE" set --dir pass
expect_exit 0 "$SCALE" verify --dir pass
