#!/usr/bin/env bash
# The real lm-evaluation-harness writes what the gate imports, and reads what the gate exports. Needs a package registry.
. "$(dirname "$0")/common.sh"
model=${SCALE_TEST_MODEL:-$SOURCE/tests/data/tiny-256/tiny-256.f16.gguf}
[ -e "$model" ] || skip "no test model"
venv=${XDG_CACHE_HOME:-$HOME/.cache}/scale/lm-eval-0.4.13
if [ ! -x "$venv/bin/lm_eval" ]; then
  python3 -m venv "$venv" && "$venv/bin/pip" install -q lm-eval==0.4.13 >pip.log 2>&1 || { rm -rf "$venv"; skip "lm-eval cannot be installed"; }
fi
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HOME=$work/hf

mkdir tasks
cat >tasks/toy.yaml <<YAML
task: toy_choice
dataset_path: json
dataset_kwargs:
  data_files: {test: $work/tasks/toy.jsonl}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{options}}"
doc_to_target: gold
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
YAML
python3 -c '
import json
for i in range(300): print(json.dumps({"question": f"Item {i}: which?", "options": ["red", "blue"], "gold": i % 2}))' >tasks/toy.jsonl
run() { "$venv/bin/lm_eval" run --model dummy --tasks toy_choice --include_path tasks --output_path "$1" --log_samples --seed "$2" >lm-eval.log 2>&1 || fail "lm_eval: $(tail -3 lm-eval.log)"; }
run original 1
run other 2  # the dummy model draws its answers, so a second run differs at half of the items

python3 "$SOURCE/tests/cli/lock_pass.py" pass "$model" || fail "cannot make the pass"
cat >pass/scale.toml <<TOML
[model]
path = "original.gguf"
[deploy]
threads = 1
[budget]
items = 20
kl_tokens = 600
context = 200
[quality]
lm_eval_original = "$work/original"
lm_eval_candidate = "$work/other"
lm_eval = ["toy_choice acc none 3"]
TOML
expect_exit 0 "$SCALE" lock --declare --dir pass --json
expect_json 'it["budget"]["imports"][0]["task"] == "toy_choice"'
"$SCALE" lock --dir pass --json >stdout 2>stderr
expect_json '[c for c in it["verdict"]["checks"] if c["category"] == "imported"][0]["n"] == 300'
expect_json '[c for c in it["verdict"]["checks"] if c["category"] == "imported"][0]["base_only"] > 30'
# The counts are those of lm-eval's own files.
python3 - stdout original other <<'PY' || fail "the imported figures are not those of lm-eval's results"
import glob, json, sys
check = [c for c in json.load(open(sys.argv[1]))["verdict"]["checks"] if c["category"] == "imported"][0]
for folder, side in ((sys.argv[2], "original"), (sys.argv[3], "candidate")):
    results = json.load(open(glob.glob(folder + "/*/results_*.json")[0]))
    assert abs(results["results"]["toy_choice"]["acc,none"] - check[side]) < 1e-9, (folder, check[side])
PY

expect_exit 0 "$SCALE" lock --dir pass --export exported --json
"$venv/bin/python" - exported/original <<'PY' || fail "lm-eval does not read the exported results"
import glob, json, sys
from lm_eval.utils import make_table
results = json.load(open(glob.glob(sys.argv[1] + "/results_*.json")[0]))
table = make_table(results)
assert "scale_reasoning" in table and "acc" in table, table
lines = [json.loads(line) for line in open(glob.glob(sys.argv[1] + "/samples_scale_reasoning_*.jsonl")[0])]
assert abs(sum(line["acc"] for line in lines) / len(lines) - results["results"]["scale_reasoning"]["acc,none"]) < 1e-9
PY
echo passed
