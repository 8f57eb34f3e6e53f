#!/usr/bin/env python3
"""Checkpoints for GPU servers against those of other quantisers: mean KL from the original on foreign text.

  formats.py --scale BINARY --divergence BINARY --decode BINARY --source FOLDER --calibration TEXT --foreign TEXT [TEXT …]
             --out FOLDER [--formats gptq,awq,…] [--peer PEER=PYTHON …] [--tokens N] [--threads N]

One pass is made on the paragraphs of the calibration text, and `scale quantize --format` run for each format. Each PEER
(bench/peer_checkpoint.py) gets the tokens of that pass's calibration set. Every checkpoint, theirs and ours, is decoded from
its folder by bench/decode_checkpoint.cpp and run by the same engine in F32 (bench/file_divergence.cpp): weights alone are
judged, not how a server rounds activations. FOLDER gets results.jsonl and table.md.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent

SETTINGS = """[model]
path = "{source}"
[constraint]
kind = "memory"
memory_mib = 4096
prompt_tokens = 64
completion_tokens = 64
[deploy]
target = "vllm"
hardware = "ampere"
threads = {threads}
context = 1024
[traffic]
log = "traffic.jsonl"
redact = false
[calibration]
samples = 256
max_tokens = 512
channels = "off"
"""


def run(command, log):
    with open(log, "ab") as out:
        if subprocess.run(list(map(str, command)), stdout=out, stderr=out).returncode != 0:
            sys.exit(f"{command[0]} {command[1]} failed; see {log}")


def make_pass(options, folder):
    folder.mkdir(parents=True)
    (folder / "scale.toml").write_text(SETTINGS.format(source=pathlib.Path(options.source).resolve(), threads=options.threads))
    paragraphs = [p.strip() for p in pathlib.Path(options.calibration).read_text(errors="replace").split("\n\n")]
    with open(folder / "traffic.jsonl", "w") as log:
        for number, paragraph in enumerate(p for p in paragraphs if len(p) > 40):
            log.write(json.dumps({"model": "m", "user": f"user-{number}", "messages": [{"role": "user", "content": paragraph}]}) + "\n")
    # The target is met already; what is measured here is not whether it should be relieved.
    run([options.scale, "set", "--dir", folder, "--because", "formats are compared"], folder / "commands.log")
    for command in ("choose", "assemble"):
        run([options.scale, command, "--dir", folder], folder / "commands.log")


def entry(folder, kind):
    entries = [json.loads(line) for line in (folder / ".scale" / "record.jsonl").read_text().splitlines()]
    return [e for e in entries if e["kind"] == kind][-1]["payload"]


def stored(folder, sha256):
    return folder / ".scale" / "objects" / sha256[:2] / sha256


def weight_bytes(folder):
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("scale", "divergence", "decode", "source", "calibration", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--foreign", nargs="+", required=True)
    parser.add_argument("--formats", default="gptq,w4a16,w4a16-asym,awq,w8a8")
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    out = pathlib.Path(options.out).resolve()
    folder = out / "pass"
    if not folder.exists():
        make_pass(options, folder)
    original = stored(folder, entry(folder, "constraint")["fingerprint"]["model_sha256"])
    tokens = stored(folder, entry(folder, "calibration_set")["set_sha256"])
    made = []
    for peer in options.peer:
        name, python = peer.split("=", 1)
        target = out / name
        if not target.exists():
            run([python, here / "peer_checkpoint.py", name, options.source, tokens, target], out / f"{name}.log")
        made.append((name, target))
    for kind in filter(None, options.formats.split(",")):
        run([options.scale, "quantize", "--dir", folder, "--format", kind, "--because", "measured"], out / f"scale-{kind}.log")
        made.append((f"scale {kind}", folder / f"{pathlib.Path(options.source).name}.{kind}"))
    decoded = []
    for name, checkpoint in made:
        decoded.append(out / (name.replace(" ", "-") + ".gguf"))
        run([options.decode, options.source, original, checkpoint, decoded[-1]], out / "decode.log")
    rows = ["| checkpoint | MiB | text | mean KL | difference to the first | same first choice |\n|---|---|---|---|---|---|\n"]
    for text in options.foreign:
        answer = subprocess.run([options.divergence, original, text, str(options.tokens), str(options.threads), *map(str, decoded)],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
        for (name, checkpoint), line in zip(made, answer.splitlines()):
            found = json.loads(line) | {"checkpoint": name, "text": pathlib.Path(text).name, "weight_bytes": weight_bytes(checkpoint)}
            with open(out / "results.jsonl", "a") as results:
                results.write(json.dumps(found) + "\n")
            kl, change = found["kl"], found["kl_difference"]
            rows.append(f"| {name} | {found['weight_bytes'] / 2**20:.2f} | {found['text']} | {kl['mean']:.5f} ± {kl['error']:.5f} "
                        f"| {change['mean']:+.5f} ± {change['error']:.5f} | {100 * found['same_first_choice']:.2f} % |\n")
    (out / "table.md").write_text("".join(rows))
    print("".join(rows))


if __name__ == "__main__":
    main()
