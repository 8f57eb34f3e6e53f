# What `scale evaluate export` writes, against the published schemas: those of the Gateway API and of Argo Rollouts as
# the npm packages @kubernetes-models carry them, KServe's as its own Python SDK has them. Needs package registries.
. "$(dirname "$0")/common.sh"
for program in python3 node npm; do command -v $program >/dev/null || skip "no $program"; done
cache=${XDG_CACHE_HOME:-$HOME/.cache}/scale/manifest-schemas-1
if [ ! -e "$cache/ready" ]; then
  rm -rf "$cache" && mkdir -p "$cache" && (
    cd "$cache" && echo '{"private":true}' >package.json &&
      npm install --silent @kubernetes-models/gateway-api@2.0.0 @kubernetes-models/argo-rollouts@2.0.0 js-yaml@4.1.0 &&
      python3 -m venv venv && venv/bin/pip install -q --no-deps kserve==0.21.0 && venv/bin/pip install -q pyyaml==6.0.3 six==1.17.0 urllib3==2.7.0 &&
      touch ready
  ) >install.log 2>&1 || skip "the packages cannot be installed: $(tail -1 install.log)"
fi

printf 'steps = [50000, 250000, 500000]\noriginal_url = "http://127.0.0.1:1"\ncandidate_url = "http://127.0.0.1:1"\n' |
  python3 "$SOURCE/tests/support/gated_pass.py" pass
# set_state STATUS WEIGHT: the rollout's state, as the gateway would have left it.
set_state() {
  python3 - "$1" "$2" <<'PYTHON'
import hashlib, json, os, sys
state = {"epoch": 3, "experiment": "candidate-00000000-abc", "status": sys.argv[1], "step": 0, "weight_ppm": int(sys.argv[2]),
         "original_sha256": "a" * 64, "candidate_sha256": "b" * 64, "original_url": "", "candidate_url": "",
         "started_hash": "", "reason": "a test", "changed_by": "a test", "harm": False, "started_ms": 1,
         "step_started_ms": 1, "latched": []}
text = json.dumps(state, sort_keys=True, separators=(",", ":"))
os.makedirs("pass/.scale/rollout", exist_ok=True)
json.dump({"state": state, "sha256": hashlib.sha256(text.encode()).hexdigest()}, open("pass/.scale/rollout/state.json", "w"))
PYTHON
}
expect_exit 5 "$SCALE" evaluate export --dir pass
expect_grep 'no rollout has started'

cat >"$cache/check.mjs" <<'JAVASCRIPT'
import fs from "node:fs";
import yaml from "js-yaml";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import { AnalysisTemplate, Rollout } from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1";
const kinds = { HTTPRoute, AnalysisTemplate, Rollout };
const objects = yaml.loadAll(fs.readFileSync(process.argv[2], "utf8"));
for (const object of objects) {
  const model = kinds[object.kind];
  if (model === undefined || new model({}).apiVersion !== object.apiVersion) throw new Error(`unknown ${object.apiVersion} ${object.kind}`);
  new model(object).validate();
}
// The schemas bite: a weight, a step or a metric of another type is refused.
const bad = JSON.parse(JSON.stringify(objects[0]));
if (bad.kind === "HTTPRoute") bad.spec.rules[0].backendRefs[0].weight = 1000001;
if (bad.kind === "Rollout") bad.spec.strategy.canary.steps = [{ setWeight: "5%" }];
let refused = false;
try { new kinds[bad.kind](bad).validate(); } catch { refused = true; }
if (!refused) throw new Error("the schema accepts anything");
console.log(`${objects.length} objects are valid`);
JAVASCRIPT
cat >kserve_check.py <<'PYTHON'
"""Walks an object along the types that KServe's SDK declares: unknown members and wrong types are errors."""
import importlib, re, sys, types, yaml
import importlib.util
folder = importlib.util.find_spec("kserve").submodule_search_locations[0]
for name, path in (("kserve", folder), ("kserve.models", folder + "/models")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]

def model(name):
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return getattr(importlib.import_module("kserve.models." + snake), name)

def check(value, kind, where):
    if kind.startswith("list["):
        assert isinstance(value, list), where
        for index, element in enumerate(value):
            check(element, kind[5:-1], f"{where}[{index}]")
    elif kind in ("str", "int", "bool"):
        assert type(value).__name__ == kind, f"{where} is {value!r}, not {kind}"
    elif kind.startswith("V1beta1"):
        declared = model(kind)
        names = {written: member for member, written in declared.attribute_map.items()}
        for member, inner in value.items():
            assert member in names, f"{where}.{member} is not known"
            check(inner, declared.openapi_types[names[member]], f"{where}.{member}")
    # V1ObjectMeta and V1Container are Kubernetes' own: their members are checked by name below.

service = yaml.safe_load(open(sys.argv[1]))
assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
check(service, "V1beta1InferenceService", "InferenceService")
container = service["spec"]["predictor"]["containers"][0]
assert set(container) <= {"name", "image", "args", "env", "ports"} and container["name"] == "kserve-container"
assert 0 <= service["spec"]["predictor"]["canaryTrafficPercent"] <= 100
service["spec"]["predictor"]["canaryTrafficPercent"] = "5"
try:
    check(service, "V1beta1InferenceService", "InferenceService")
except AssertionError:
    print("1 object is valid")
else:
    sys.exit("the types accept anything")
PYTHON
names="--name chat --namespace models --gateway front --hostname chat.example.org"
for state in "canary 50000" "canary 255000" "paused 500000" "promoted 1000000" "rolled_back 0"; do
  set_state $state
  for format in httproute argo kserve; do
    expect_exit 0 "$SCALE" evaluate export --dir pass --format $format $names --verdict-url http://scale:8080/scale/v1/verdict \
      --storage-uri pvc://models/candidate.gguf --image llama-server:1 --output "$work/$format.yaml"
  done
  for format in httproute argo; do (cd "$cache" && node check.mjs "$work/$format.yaml") || fail "$format at $state"; done
  "$cache/venv/bin/python" kserve_check.py kserve.yaml || fail "kserve at $state"
  weight=$(echo "$state" | cut -d' ' -f2)
  grep -q "weight: $weight$" httproute.yaml || fail "the route's weight is not $weight"
  grep -q "canaryTrafficPercent: $((weight / 10000))$" kserve.yaml || fail "KServe's percentage is not $((weight / 10000))"
done
echo "all checks passed"
