#!/usr/bin/env bash
# The report as Markdown, JUnit and model card, read by other programs: cmark-gfm, junitparser, a YAML parser.
. "$(dirname "$0")/common.sh"
for module in junitparser yaml; do
  /usr/bin/python3 -c "import $module" || fail "no $module for Debian's python: scripts/install_packages.sh"
done
pass() { rm -rf pass; python3 "$SOURCE/tests/support/handmade_pass.py" pass "$@" || fail "no pass"; }

# --- JUnit: the counts are those of the record; a comparison without power is skipped, a broken record a failure
junit() {
  expect_exit 0 "$SCALE" report --dir pass --format junit --output report.xml
  /usr/bin/python3 - "$@" <<'PYTHON' || fail "junit: $*"
import json, sys
import junitparser
suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile("report.xml")}
whole = junitparser.JUnitXml.fromfile("report.xml")
count = lambda kind: sum(isinstance(result, kind) for suite in whole for case in suite for result in case.result)
assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (
    sum(len(list(suite)) for suite in whole), count(junitparser.Failure), count(junitparser.Error), count(junitparser.Skipped))
results = lambda suite: {case.name: [type(one).__name__ for one in case.result] for case in suites[suite]}
entries = [json.loads(line) for line in open("pass/.scale/record.jsonl")]
verdicts = [entry for entry in entries if entry["kind"] == "verdict"]
wanted = {"PASS": [], "FAIL": ["Failure"], "INCONCLUSIVE": ["Error"], "NO POWER": ["Skipped"]}
gate = results("gate")
assert len(gate) == (len(verdicts[-1]["payload"]["checks"]) if verdicts else 0)
for check in verdicts[-1]["payload"]["checks"] if verdicts else []:
    name = check["name"].replace("kl_mean of ", "slice ") + (" (gold loss)" if check["endpoint"] == "gold_loss" else "")
    assert gate[name] == wanted[check["result"]], name
assert len(results("stages")) == 5 and len({case.classname for suite in whole for case in suite}) <= 3
for expression in sys.argv[1:]:
    assert eval(expression), expression
PYTHON
}
pass; junit 'whole.failures == 1 and results("stages")["E Evaluate in production"] == ["Failure"]' 'whole.skipped == 2' 'results("gate")["long_context"] == ["Skipped"]'
pass --until decision; junit 'results("stages")["A Assemble calibration"] == ["Skipped"] and whole.failures == 0'
pass --until verdict --wrong-verdict; junit 'any(one == ["Failure"] for one in results("record").values())'
sed -i 's/"result":"PASS"/"result":"FAIL"/' pass/.scale/record.jsonl
expect_exit 1 "$SCALE" report --dir pass --format junit   # a record that was edited is not reported on
pass --hostile; junit 'whole.tests > 20'
refuse_grep '<script' report.xml

# --- Markdown: as GitHub renders it, with raw HTML let through, nothing but our own elements remains
markdown() {
  expect_exit 0 "$SCALE" report --dir pass --format markdown --output report.md
  cmark-gfm --unsafe -e table -e tasklist -e strikethrough report.md >report.html || fail "cmark cannot read it"
  python3 - "$@" <<'PYTHON' || fail "markdown: $*"
import html.parser, sys
class Page(html.parser.HTMLParser):
    tags, text, rows = [], [], []
    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr": self.rows.append(0)
        if tag in ("td", "th"): self.rows[-1] += 1
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attributes), (tag, attributes)
    def handle_data(self, data): self.text.append(data)
page = Page(); page.feed(open("report.html").read())
allowed = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "code", "ul", "li", "input", "details", "summary", "blockquote", "br"}
assert set(page.tags) <= allowed, set(page.tags) - allowed
assert set(page.rows) <= {3, 5, 6, 7}, page.rows
text = "".join(page.text)
for expression in sys.argv[1:]:
    assert eval(expression), expression
PYTHON
}
pass; markdown '"Gate: PASS" in text and "NO POWER" in text and "Decision: Q8_0 in GGUF" in text' 'page.tags.count("table") == 4' '"throughput-bound" in text'
pass --hostile; markdown '"alert(" in text and page.tags.count("table") == 4'
mkdir empty; expect_exit 0 "$SCALE" report --dir empty --format markdown --output empty.md
expect_grep 'No constraint is set yet' empty.md

# --- model card: front matter, figures of the record, lines to copy; of a gate that judged another file it says nothing
card() { expect_exit 0 "$SCALE" report --dir pass --format card; }
pass; card
/usr/bin/python3 - <<'PYTHON' || fail "model card"
import json, yaml
front, body = open("pass/MODEL_CARD.md").read().split("---\n")[1:3]
card = yaml.safe_load(front)
assert "quantized" in card["tags"] and "base_model" not in card, card  # that artefact is no model and says nothing of itself
artefact = [e for e in map(json.loads, open("pass/.scale/record.jsonl")) if e["kind"] == "artefact"][-1]["payload"]
assert artefact["sha256"] in body and artefact["original_sha256"] in body and "8.51 bits per weight" in body
assert "llama-server -m model-Q8_0.gguf -c 8192 -np 4" in body and "vllm serve ./model-Q8_0.gguf" in body and "ollama create model-q8_0" in body
assert "PASS" in body and "| reasoning |" in body and "1.62×" in body
PYTHON
# What the card says to type for Ollama makes the file that it means.
python3 - <<'PYTHON' >make.sh
import re
print(re.search(r"```sh\n(printf .*?)\n", open("pass/MODEL_CARD.md").read())[1])
PYTHON
bash make.sh && [ "$(cat Modelfile)" = $'FROM ./model-Q8_0.gguf\nPARAMETER num_ctx 2048' ] || fail "Modelfile: $(cat Modelfile)"
pass --until artefact; card; expect_grep 'Not measured: no gate has judged this file' pass/MODEL_CARD.md
pass --hostile; card
sed '1,/^---$/{/^---$/!d}; ' pass/MODEL_CARD.md | cmark-gfm --unsafe -e table >card.html
expect_grep 'alert\(' card.html
refuse_grep '<(script|img)' card.html
if model=$(test_model); then  # a real file names its own origin
  pass; cp "$model" pass/model-Q8_0.gguf; card; expect_grep '^base_model: ".+"' pass/MODEL_CARD.md
fi
pass --until decision
expect_exit 1 "$SCALE" report --dir pass --format card
expect_grep 'no artefact' stderr

expect_exit 2 "$SCALE" report --dir pass --format pdf
echo "JUnit, Markdown and model card are read by other programs"
