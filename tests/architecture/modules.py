"""Compares the source tree with the architecture that CMake declares.

  modules.py --source DIR --dependencies module_dependencies.txt
  modules.py --self-test

Prints one line a fault, `file:line: what`, and exits 1 where there is any.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

LONGEST_SOURCE = 500
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ENGINE_HEADER = re.compile(r"^(llama[\w-]*\.h|ggml[\w-]*\.h|gguf\.h|common/.*\.h|chat\.h|common\.h|sampling\.h)$")
# Built from pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile("(?<![\\w.$}>)])/(?:" + "|".join(["ro" + "ot", "ho" + "me/[a-z_]\\w*", "wo" + "rk", "fa" + "rm"]) + ")/")
REGISTRY_HOST = re.compile(
    r"\b(?:" + "|".join(re.escape(name) for name in [
        "pypi" + ".org", "files.python" + "hosted.org", "registry." + "npmjs.org", "deb." + "debian.org",
        "proxy." + "golang.org", "index." + "crates.io"]) + r")\b")
# A fleet's mirror: any host that calls itself a package index.
MIRROR_HOST = re.compile(r"https?://[^\s/\"']*(?:pypi|npm-|-npm|mirror|artifactory|nexus)[^\s/\"']*", re.IGNORECASE)


def read_dependencies(path):
    declared = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        if name.strip():
            declared[name.strip()] = set(rest.replace(";", " ").split())
    return declared


def lines_of(path):
    return path.read_text(errors="replace").splitlines()


def source_files(root):
    return sorted(path for pattern in ("*.cpp", "*.h") for path in (root / "src").rglob(pattern))


def include_faults(root, declared):
    engine_users_in_quantize = {}
    for path in source_files(root):
        parts = path.relative_to(root / "src").parts
        module = parts[0]
        name = path.relative_to(root)
        if len(parts) < 2:
            yield f"{name}:1: a source file outside any module"
            continue
        if module not in declared:
            yield f"{name}:1: the module '{module}' is not declared (add_module in CMakeLists.txt)"
            continue
        for number, line in enumerate(lines_of(path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match[2]
            if ENGINE_HEADER.match(target):
                if module == "quantize":
                    engine_users_in_quantize.setdefault(name, number)
                elif module != "engine":
                    yield f"{name}:{number}: includes '{target}'; only src/engine and one file of src/quantize may"
                continue
            if match[1] != '"':
                continue
            other = target.split("/")[0]
            if "/" not in target or other not in declared:
                yield f"{name}:{number}: includes '{target}'; write \"module/file.h\""
            elif other != module and other not in declared[module]:
                yield f"{name}:{number}: '{module}' includes '{target}' but does not declare '{other}'"
            elif not (root / "src" / target).exists():
                yield f"{name}:{number}: '{target}' does not exist"
    for name, number in sorted(engine_users_in_quantize.items())[1:]:
        yield f"{name}:{number}: a second file of src/quantize includes an engine header"


def order_faults(declared):
    seen = set()
    for name, dependencies in declared.items():
        for other in sorted(dependencies - seen):
            yield f"CMakeLists.txt:1: '{name}' depends on '{other}', which is not declared before it"
        seen.add(name)


def length_faults(root):
    for path in source_files(root) + sorted((root / "tests").rglob("*.cpp")):
        count = len(lines_of(path))
        if count > LONGEST_SOURCE:
            yield f"{path.relative_to(root)}:{count}: {count} lines; at most {LONGEST_SOURCE}"


def tracked_files(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True)
    if listed.returncode == 0:
        return [root / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in root.rglob("*") if path.is_file()]  # an unpacked archive


def machine_faults(root):
    for path in sorted(tracked_files(root)):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if b"\0" in data[:4096] or len(data) > 4 << 20:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            for rule, what in ((MACHINE_PATH, "an absolute path of a machine"), (REGISTRY_HOST, "a registry's host name"),
                               (MIRROR_HOST, "a mirror's host name")):
                # Patterns of .gitignore start at the checkout's root; JSON lines are other people's traffic.
                if rule is MACHINE_PATH and (path.name == ".gitignore" or path.suffix == ".jsonl"):
                    continue
                match = rule.search(line)
                if match:
                    yield f"{path.relative_to(root)}:{number}: {what}: '{match[0]}'"
                    break


def all_faults(root, declared):
    return [*order_faults(declared), *include_faults(root, declared), *length_faults(root), *machine_faults(root)]


def self_test():
    """A made-up tree with one fault of each kind, and the same tree without them."""
    declared = {"core": set(), "engine": {"core"}, "quantize": {"core", "engine"}, "choice": {"core"}}
    good = {
        "src/core/text.h": "#pragma once\n#include <string>\n",
        "src/engine/model.cpp": '#include "core/text.h"\n#include <llama.h>\n',
        "src/quantize/blocks.cpp": "#include <ggml.h>\n#include <ggml-quants.h>\n",
        "src/choice/rules.cpp": '#include "choice/rules.h"\n',
        "src/choice/rules.h": '#include "core/text.h"\n',
        "README.md": "Run it in /tmp/x; the cache is $HOME/.cache; see build/work/x and .scale/work/set.\n",
    }
    bad = {
        "undeclared dependency": ("src/choice/rules.cpp", '\n#include "engine/model.h"\n', "src/choice/rules.cpp:2"),
        "engine header": ("src/choice/rules.cpp", "#include <llama.h>\n", "src/choice/rules.cpp:1"),
        "quoted engine header": ("src/core/text.h", '#include "ggml-backend.h"\n', "src/core/text.h:1"),
        "common chat header": ("src/core/text.h", '#include "chat.h"\n', "src/core/text.h:1"),
        "second user in quantize": ("src/quantize/other.cpp", "#include <gguf.h>\n", "src/quantize/other.cpp:1"),
        "bare include": ("src/choice/rules.cpp", '#include "rules.h"\n', "src/choice/rules.cpp:1"),
        "missing header": ("src/choice/rules.cpp", '#include "core/none.h"\n', "src/choice/rules.cpp:1"),
        "undeclared module": ("src/extra/x.cpp", "\n", "src/extra/x.cpp:1"),
        "long file": ("src/core/long.cpp", "//\n" * (LONGEST_SOURCE + 1), "src/core/long.cpp:501"),
        "long test": ("tests/core/long_test.cpp", "//\n" * (LONGEST_SOURCE + 1), "tests/core/long_test.cpp:501"),
        "machine path": ("docs/x.md", "see /ro" + "ot/build/scale\n", "docs/x.md:1"),
        "home path": ("docs/x.md", "\nsee /ho" + "me/ann/x\n", "docs/x.md:2"),
        "quoted path": ("scripts/x.sh", 'x="/wo' + 'rk/main"\n', "scripts/x.sh:1"),
        "registry": ("scripts/x.sh", "pip --index-url https://py" + "pi.org/simple\n", "scripts/x.sh:1"),
        "mirror": ("scripts/x.sh", "curl http://py" + "pi-mirror.internal:80/x\n", "scripts/x.sh:1"),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def write(files):
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

        write(good)
        (root / "tests").mkdir()
        faults = all_faults(root, declared)
        assert not faults, f"the good tree has faults: {faults}"
        for title, (name, text, expected) in bad.items():
            write({name: text})
            faults = all_faults(root, declared)
            assert len(faults) == 1 and faults[0].startswith(expected + ":"), f"{title}: {faults}"
            (root / name).unlink()
            write(good)
    assert list(order_faults({"a": {"b"}, "b": set()})), "a forward dependency passed"
    print(f"self-test: {len(bad) + 1} faults found, none in the good tree")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path)
    parser.add_argument("--dependencies", type=pathlib.Path)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        return 0
    declared = read_dependencies(options.dependencies)
    if not declared:
        print(f"{options.dependencies}: no declared modules")
        return 1
    faults = all_faults(options.source, declared)
    for fault in faults:
        print(fault)
    print(f"{len(source_files(options.source))} source files of {len(declared)} modules: {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
