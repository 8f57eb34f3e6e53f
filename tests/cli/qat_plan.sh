# Below 4 bits: scale choose writes the QAT plan, an accepted plan unlocks, and a trained file is imported bit-exactly.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
mkdir pass
cat >pass/scale.toml <<TOML
[model]
path = "$model"
[constraint]
kind = "memory"
memory_mib = 17
prompt_tokens = 32
completion_tokens = 8
concurrency = 2
[deploy]
threads = 1
context = 256
[choice]
trial_rounds = 2
[calibration]
allocation = "stock"
samples = 128
max_tokens = 64
TOML
make_traffic 200 pass/traffic.jsonl

# --- order, and a type that needs no plan
expect_exit 5 "$SCALE" choose --dir pass --qat-plan
expect_grep '^next: scale set' stderr
expect_exit 0 "$SCALE" set --dir pass
expect_exit 5 "$SCALE" choose --dir pass --type Q5_K_M --qat-plan
expect_grep 'Q5_K_M needs no QAT plan' stderr
[ ! -e pass/qat-plan.md ] || fail "a refused plan was written"

# --- written whole for the pinned type; nothing is decided, and a second time it is read, not written over
expect_exit 0 "$SCALE" choose --dir pass --type Q2_K --qat-plan
expect_grep 'Wrote the QAT plan for Q2_K' stdout
expect_grep '^Q2_K +[0-9]+ blk.0.attn_q.weight$' pass/qat-plan.md
expect_grep 'NVIDIA H100 SXM' pass/qat-plan.md
expect_grep 'prompt tokens a second \(measured in stage S\)' pass/qat-plan.md
refuse_grep '"kind":"decision"' pass/.scale/record.jsonl
expect_exit 5 "$SCALE" choose --dir pass --type Q2_K --because 'smallest' --qat-plan
expect_grep 'needs a declared quality budget and a complete QAT plan \(no line says "Accepted by' stderr

# --- accepted, with a budget: the type is chosen and the plan kept in the record
sed -i 's/^Accepted by: .*/Accepted by: A. Lead, 2026-11-24/' pass/qat-plan.md
expect_exit 5 "$SCALE" choose --dir pass --type Q2_K --because 'smallest' --qat-plan
expect_exit 0 "$SCALE" lock --declare --dir pass
expect_exit 0 "$SCALE" choose --dir pass --type Q2_K --because 'trained by this plan' --qat-plan
plan=$(sha256sum <pass/qat-plan.md | cut -d' ' -f1)
expect_grep "\"qat_plan_sha256\":\"$plan\"" pass/.scale/record.jsonl
[ -e "pass/.scale/objects/${plan:0:2}/$plan" ] || fail "the plan is not kept"

# --- the artefact without training, decoded: what training on its grid would export
expect_exit 0 "$SCALE" assemble --dir pass
expect_exit 0 "$SCALE" quantize --dir pass
untrained=$(ls pass/*.Q2_K.gguf)
python3 "$SOURCE/tests/support/gguf_edit.py" "$untrained" decode trained.gguf || exit 1
expect_exit 0 "$SCALE" quantize --dir pass --import trained.gguf --json
expect_json 'not it["reused"] and "decode to exactly the trained ones" in it["method"]'
expect_json 'all(t["relative_error"] == 0 for t in it["tensors"]) and it["import_proof_sha256"]'
expect_json 'it["imported_sha256"] == __import__("hashlib").sha256(open("trained.gguf", "rb").read()).hexdigest()'
expect_exit 0 "$SCALE" quantize --dir pass --import trained.gguf --json
expect_json 'it["reused"]'
expect_exit 0 "$SCALE" quantize --dir pass --json
expect_json 'it["reused"] and it["imported_sha256"]'
expect_exit 0 "$SCALE" verify --dir pass

# --- a weight beside the grid: refused by name, and the artefact stays
sha=$(sha256sum "$untrained")
cp trained.gguf beside.gguf
python3 "$SOURCE/tests/support/gguf_edit.py" beside.gguf set blk.2.attn_q.weight 0.0123456 7 11 || exit 1
expect_exit 1 "$SCALE" quantize --dir pass --import beside.gguf
expect_grep 'blk.2.attn_q.weight does not lie on the grid of Q2_K: row 7, weights 0 to 255' stderr
[ "$(sha256sum "$untrained")" = "$sha" ] || fail "a refused import changed the artefact"
[ -z "$(ls pass/.scale/work | grep partial)" ] || fail "work files are left"
echo passed
