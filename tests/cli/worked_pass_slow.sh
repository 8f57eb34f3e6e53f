# The worked example from its one command, and what its end must show: a decision measured at two vLLM servers, the gate's
# verdict on the checkpoint, and both arms serving behind the gateway.
. "$(dirname "$0")/common.sh"
venv=$("$SOURCE/scripts/install_vllm.sh") || skip "vLLM could not be installed"
[ "$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)" -ge 8 ] || skip "less than 8 GiB of memory are free"
WORK=$work/example "$SOURCE/examples/worked-pass/run.sh" "$SCALE" >transcript 2>&1 || fail "the example: $(tail -20 transcript)"
for line in '^=== Done in [0-9]+ s, (throughput|memory)-bound' '^Decision: W8A8-INT8 \(w8a8\), by the rule (int8-throughput|wider)' \
  'first token .* ms a token \(measured' 'Original at its server: .* requests/min \(measured\)' '^look at: .*scale-report.html'; do
  expect_grep "$line" transcript
done
refuse_grep '(documented)' <(grep '^Decision' transcript)
python3 - example/pass <<'PYTHON' || fail "the record does not hold what the example claims"
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
entries = [json.loads(line) for line in open(folder / ".scale/record.jsonl")]
last = lambda kind: [e["payload"] for e in entries if e["kind"] == kind][-1]
decision, artefact, verdict = last("decision"), last("artefact"), last("verdict")
assert [s["candidate"] for s in decision["servers"]] == ["original", "W8A8-INT8"]
assert all(s["software"].startswith("vllm") and s["first_token"]["rounds"] == 3 for s in decision["servers"]), decision["servers"]
assert artefact["checkpoint"]["format"] == "w8a8" and verdict["verdict"] == "PASS"
assert last("budget")["points"] == 1 and last("calibration_set")["samples"] >= 128
assert last("rollout_started")
PYTHON
served=$(grep -A40 'evaluate status' transcript)
for arm in original candidate; do grep -Eq "$arm +.*[1-9]" <<<"$served" || fail "no request of the $arm is in the status"; done
[ -s example/pass/scale-report.html ] || fail "no report"
expect_exit 0 "$SCALE" verify --dir example/pass
pgrep -f "api_server --model $work" >/dev/null && fail "a server is left"
echo passed
