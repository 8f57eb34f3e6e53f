# Tuning against the end loss: `[calibration] rounding = "tuned"` on types of the search.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/decided_pass.py" pass "$model" Q4_K_M || exit 1
make_traffic 200 pass/traffic.jsonl
sed -i "s/^max_tokens = .*/max_tokens = 64/; /^\\[calibration\\]/a rounding = \"stock\"" pass/scale.toml
expect_exit 0 "$SCALE" assemble --dir pass
artefact=pass/original.Q4_K_M.gguf

expect_exit 0 "$SCALE" quantize --dir pass --json
stock=$(sha256sum <"$artefact")
bytes=$(stat -c %s "$artefact")

# --- another wish is other work: the finished file is not taken for it
sed -i "s/^rounding = .*/rounding = \"tuned\"/" pass/scale.toml
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'not it["reused"] and "end-to-end tuning on" in it["method"]'
[ "$(sha256sum <"$artefact")" != "$stock" ] || fail "tuning changed nothing"
[ "$(stat -c %s "$artefact")" = "$bytes" ] || fail "tuning changed the size"
# What it says of itself: lower on held-out samples, or it would not have been kept.
expect_json '(lambda m: float(m[0].rstrip(",")) < float(m[2]))(it["method"].split("held-out calibration tokens ")[1].split())'
tuned=$(sha256sum <"$artefact")
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["reused"]'
expect_exit 0 "$SCALE" verify --dir pass

# --- killed in the tuning: the next run ends with the same bytes
rm pass/.scale/work/tune.log
"$SCALE" quantize --dir pass --again >/dev/null 2>&1 &
kill_when $! test -e pass/.scale/work/tune.log
expect_exit 0 "$SCALE" quantize --dir pass --again
[ "$(sha256sum <"$artefact")" = "$tuned" ] || fail "another file after a kill"
[ -z "$(ls pass/.scale/work | grep -E 'partial|jsonl')" ] || fail "work files are left"
