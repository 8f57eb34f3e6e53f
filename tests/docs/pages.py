"""Runs or checks every block of the pages in docs/pages, in the order of the site's navigation.

  sh       with --run: runs, in one folder for all pages, so that a later page goes on with the pass of an earlier one;
           `exit=0,3` behind the language names the statuses that are right. Without: every command and option of scale in it
           is in the program's own reference
  console  `$ command` lines stand in docs/demo-transcript.txt (or are `make demo`), whose run is kept
  text     each line stands in that transcript
  toml     is read by the program, put into a scale.toml
  json, yaml  parse; what a URL in them names is in the API
  cpp, cmake  are lines of examples/embed

Links between pages lead somewhere, and the paths of openapi.yaml are those in the gateway's code.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import yaml

root, scale, model = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
runs = "--run" in sys.argv[4:]
pages = root / "docs" / "pages"
transcript = (root / "docs" / "demo-transcript.txt").read_text()
api = yaml.safe_load((root / "docs" / "site" / "openapi.yaml").read_text())
block = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
counts = {}


def fail(page, text, what):
    sys.exit(f"{page}: {what}\n{text}")


def run(page, options, text):
    allowed = {int(code) for code in re.search(r"exit=([\d,]+)", options)[1].split(",")} if "exit=" in options else {0}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode not in allowed:
        fail(page, text, f"ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    if page.endswith("set.md") and "init" in text:
        make_small()


def make_small():
    """The pass of the pages with fewer rounds, items and tokens, so that the test takes seconds; the commands stay."""
    path = pathlib.Path("my-pass/scale.toml")
    text = path.read_text()
    for key, value in (("trial_rounds", 1), ("max_tokens", 64), ("items", 20), ("kl_tokens", 512), ("mode", '"likelihood"'), ("rounding", '"stock"'),
                       ("allocation", '"stock"'), ("channels", '"off"'), ("prompt_tokens", 32), ("completion_tokens", 8), ("concurrency", 2)):
        text, found = re.subn(rf"^(# )?{key} = .*", f"{key} = {value}", text, count=1, flags=re.M)
        assert found, key
    head, budget = text.split("[budget]", 1)
    path.write_text(head.replace("context = 2048", "context = 256", 1) + "[budget]" + re.sub(r"^context = .*", "context = 256", budget, count=1, flags=re.M))
    pathlib.Path("my-pass/traffic.jsonl").write_bytes(pathlib.Path("requests.jsonl").read_bytes())


def options_of_commands():
    reference = subprocess.run([scale, "manual", "--format", "markdown"], capture_output=True, text=True, check=True).stdout
    parts = re.split(r"^## scale ?", reference, flags=re.M)[1:]
    return {part.split("\n", 1)[0]: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(re.findall(r"^\| `([^`]*)`", part, re.M)))) for part in parts}


known = options_of_commands()


def commands_exist(page, text):
    for line in re.findall(r"^scale [^|\n]*", text, re.M):
        words = line.split()[1:]
        command = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        given = {word for word in re.sub(r'"[^"]*"', "", line).split() if word.startswith("-")}
        if command not in known or given - known[command]:
            fail(page, line, f"no such command or option: {command} {sorted(given - known.get(command, set()))}")


def shown(page, text):
    for line in text.strip().splitlines():
        if not line.startswith("$ "):
            fail(page, line, "a console line without its prompt")
        if line not in transcript.splitlines() and line != "$ make demo":
            fail(page, line, "not in docs/demo-transcript.txt")


def said(page, text):
    for line in text.strip().splitlines():
        if line.strip() not in transcript:
            fail(page, line, "not in docs/demo-transcript.txt")


def toml(page, text):
    folder = pathlib.Path("toml")
    folder.mkdir(exist_ok=True)
    (folder / "scale.toml").write_text(('' if "[model]" in text else '[model]\npath = "model.gguf"\n') + text)
    # A file that cannot be read is an error (1); one that can is refused, since stage S is not done (5).
    done = subprocess.run([scale, "choose", "--dir", "toml"], capture_output=True, text=True)
    if done.returncode != 5:
        fail(page, text, f"is not a scale.toml: {done.stderr}")


def urls(page, node):
    if isinstance(node, dict):
        node = list(node.values())
    for one in node if isinstance(node, list) else [node]:
        if isinstance(one, (dict, list)):
            urls(page, one)
        elif isinstance(one, str) and one.startswith("http://scale-gateway"):
            if re.sub(r"^http://[^/]+", "", one) not in api["paths"]:
                fail(page, one, "not in openapi.yaml")


def data(page, language, text):
    documents = [json.loads(text)] if language == "json" else list(yaml.safe_load_all(text))
    for document in documents:
        urls(page, document)


def lines_of(page, text, file):
    source = [line.strip() for line in (root / "examples" / "embed" / file).read_text().splitlines()]
    for line in text.strip().splitlines():
        if line.strip() not in source:
            fail(page, line, f"not in examples/embed/{file}")


def check(page):
    text = (pages / page).read_text()
    for language, options, body in block.findall(text):
        counts[language] = counts.get(language, 0) + 1
        if language == "sh":
            run(page, options, body) if runs else commands_exist(page, body)
        elif language == "console":
            shown(page, body)
        elif language == "text":
            said(page, body)
        elif language == "toml":
            toml(page, body)
        elif language in ("json", "yaml"):
            data(page, language, body)
        elif language in ("cpp", "cmake"):
            lines_of(page, body, "main.cpp" if language == "cpp" else "CMakeLists.txt")
        else:
            fail(page, body, f"nobody checks a block of {language}")
    if text.count("```") != 2 * len(block.findall(text)):
        fail(page, "", "a block without a language")


def check_links(listed):
    """Of our own pages; those that the build adds are known by name."""
    made = {"reference/cli.md", "reference/settings.md", "reference/record.md", "reference/http.md", "design.md", "glossary.md", "explanation/power.svg"}
    for page in listed:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (pages / page).read_text()):
            place = os.path.normpath(os.path.join(os.path.dirname(page), target))
            if place not in made and not (pages / place).exists() and not (place.startswith("measurements/") and (root / "docs" / place).exists()):
                fail(page, target, "a link that leads nowhere")


def check_api():
    folder = root / "src" / "rollout" / "gateway"
    code = "".join(path.read_text() for path in sorted(folder.glob("*.cpp")))
    paths = set(re.findall(r'Route\{"([^"]+)"', code))
    paths |= {f"/scale/v1/{name}" for name in re.findall(r'\{"(\w+)", &Controller::', code)}
    paths |= {f"/scale/v1/flagger/{name}" for name in re.findall(r'name == "([\w-]+)"', re.search(r"bool is_webhook.*?\n\}", code, re.S)[0])}
    paths |= {re.search(r'verdict_path = "([^"]+)"', code)[1], re.search(r'flag_prefix = "([^"]+)"', code)[1] + "{flag}"}
    described = {path for path in api["paths"]}
    if paths != described:
        sys.exit(f"openapi.yaml and the gateway's code differ: {sorted(paths ^ described)}")


def nav(node):
    for one in node if isinstance(node, list) else node.values():
        if isinstance(one, str):
            yield one
        else:
            yield from nav(one)


navigation = list(nav(yaml.safe_load((root / "docs" / "site" / "mkdocs.yml").read_text())["nav"]))
ours = [page for page in navigation if (pages / page).exists()]
unlisted = {str(path.relative_to(pages)) for path in pages.rglob("*.md")} - set(ours)
if unlisted:
    sys.exit(f"pages that the navigation does not name: {sorted(unlisted)}")
check_api()
check_links(ours)
os.environ["PATH"] = os.path.dirname(scale) + ":" + os.environ["PATH"]
pathlib.Path("model.gguf").symlink_to(model)
for page in ours:
    check(page)
assert counts["sh"] >= 20 and counts["toml"] >= 8 and counts["console"] >= 5, counts
print(f"{len(ours)} pages: {counts}")
