# Types under a byte budget: the search, --dry-run, --plan, sizes that contradict the decision, SIGKILL.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/decided_pass.py" pass "$model" Q4_K_M --searched || exit 1
make_traffic 300 pass/traffic.jsonl
expect_exit 0 "$SCALE" assemble --dir pass
artefact=pass/original.Q4_K_M.gguf
# Everything in the pass but the logs of worker jobs.
listing() { (cd pass && find . -type f ! -name '*.log' -print0 | sort -z | xargs -0 sha256sum); }
before=$(listing)

# --- what contradicts the decision, itself or the model is refused before anything is searched
expect_exit 5 "$SCALE" quantize --dir pass --size-mib 3.9
expect_grep 'the decision is Q4_K_M' stderr
expect_grep 'because' stderr
expect_exit 5 "$SCALE" quantize --dir pass --type Q5_K_M
expect_exit 5 "$SCALE" quantize --dir pass --bpw 3 --because "it has to fit"
expect_grep 'QAT plan' stderr
expect_exit 5 "$SCALE" quantize --dir pass --size-mib 200 --because "more is better"
expect_grep 'memory target of the constraint' stderr
expect_exit 2 "$SCALE" quantize --dir pass --bpw 4 --size-mib 3
expect_exit 2 "$SCALE" quantize --dir pass --size-mib -3 --because "a slip"
printf '{"format":1}' >bad.json
expect_exit 1 "$SCALE" quantize --dir pass --plan bad.json
expect_grep 'model_sha256' stderr
[ "$(listing)" = "$before" ] || fail "a refused size changed the pass"

# --- prediction only
expect_exit 0 "$SCALE" quantize --dir pass --dry-run
expect_grep 'Nothing was written' stdout
expect_grep 'nats a token, estimated' stdout
expect_grep 'attn_v +Q' stdout
expect_exit 0 "$SCALE" quantize --dir pass --dry-run --type Q4_K_M --json
expect_json 'it["plan"]["file_bytes"] <= it["mix_bytes"] == it["plan"]["budget_bytes"]'
expect_json 'it["plan"]["file_bytes"] > 0.98 * it["mix_bytes"] and it["plan"]["kl"] <= it["stock_kl"] and len(it["plan"]["types"]) == 43'
[ "$(listing)" = "$before" ] || fail "--dry-run wrote into the pass"
predicted=$(python3 -c 'import json; print(json.load(open("stdout"))["plan_sha256"])')
mix_bytes=$(python3 -c 'import json; print(json.load(open("stdout"))["mix_bytes"])')

# --- killed while it searches: the next run takes what was measured, to the predicted plan
"$SCALE" quantize --dir pass >/dev/null 2>&1 &
kill_when $! has_lines 61 pass/.scale/work/allocation.jsonl
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_grep 'figures of an interrupted search' stderr
expect_json 'it["allocation"] == "searched" and it["budget"] == "Q4_K_M" and it["because"] == ""'
expect_json "it['plan_sha256'] == '$predicted' and it['bytes'] <= $mix_bytes == it['budget_bytes']"
[ "$(stat -c %s "$artefact")" -le "$mix_bytes" ] || fail "the file is larger than the mix"
[ "$(sha256sum <"$artefact.plan.json" | cut -d' ' -f1)" = "$predicted" ] || fail "no plan beside the artefact"
[ -z "$(ls pass/.scale/work | grep -E 'partial|refinement|allocation.*(jsonl|gguf)')" ] || fail "work files are left"
sha=$(sha256sum <"$artefact")
expect_exit 0 "$SCALE" verify --dir pass
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["reused"]'

# --- a stock llama-server reads its types and says what the original says, at least in the beginning
served=$(completion_of "$artefact" "The city lies on the river") || fail "no answer: $served"
wanted=$(completion_of "$model" "The city lies on the river") || fail "no answer from the original: $wanted"
[ "${#served}" -gt 10 ] && [ "${served:0:4}" = "${wanted:0:4}" ] || fail "the file answers '$served', the original '$wanted'"

# --- the plan makes the same bytes
cp "$artefact.plan.json" plan.json
expect_exit 0 "$SCALE" quantize --dir pass --plan plan.json --json
expect_json "not it['reused'] and it['allocation'] == 'pinned' and it['plan_sha256'] == '$predicted'"
[ "$(sha256sum <"$artefact")" = "$sha" ] || fail "the plan made other bytes"
expect_exit 0 "$SCALE" quantize --dir pass --plan plan.json --json
expect_json 'it["reused"]'

# --- plans that are wrong
edit() { python3 -c 'import json, sys; p = json.load(open("plan.json")); exec(sys.argv[1]); json.dump(p, open("bad.json", "w"))' "$1"; }
edit 'p["model_sha256"] = "0" * 64'
expect_exit 1 "$SCALE" quantize --dir pass --plan bad.json
expect_grep 'original' stderr
edit 'p["file_bytes"] += 32'
expect_exit 1 "$SCALE" quantize --dir pass --plan bad.json
expect_grep 'its types take' stderr
edit 'p["types"]["blk.9.attn_q.weight"] = "Q4_K"'
expect_exit 1 "$SCALE" quantize --dir pass --plan bad.json
expect_grep 'blk.9.attn_q.weight' stderr
edit 'p["types"]["output_norm.weight"] = "Q4_K"'
expect_exit 1 "$SCALE" quantize --dir pass --plan bad.json
expect_grep 'the engine would write F32' stderr
[ "$(sha256sum <"$artefact")" = "$sha" ] || fail "a wrong plan changed the artefact"

# --- another size, with a reason, which the record keeps
expect_exit 0 "$SCALE" quantize --dir pass --bpw 4.5 --because "the phone has 4 MB" --json
expect_json 'it["bits_per_weight"] <= 4.5 and it["bytes"] <= it["budget_bytes"] and it["type"].endswith("bpw")'
expect_json 'it["because"] == "the phone has 4 MB" and it["budget"] == "4.5 bits per weight"'
[ -e "pass/$(python3 -c 'import json; print(json.load(open("stdout"))["path"])')" ] || fail "no artefact"
grep -q 'the phone has 4 MB' pass/.scale/record.jsonl || fail "the record does not hold the reason"

# --- stock types where scale.toml wants them
sed -i 's/allocation = .*/allocation = "stock"/' pass/scale.toml
expect_exit 2 "$SCALE" quantize --dir pass --bpw 4.5 --because "no"
expect_grep 'allocation = "stock" is stated' stderr
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json "it['allocation'] == 'stock' and it['bytes'] == $mix_bytes"
