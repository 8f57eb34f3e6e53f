"""Makes a pass whose record says that S to L are done, so that a rollout can start.

  rollout_pass.py FOLDER [--stakes low] [KEY=VALUE …]

FOLDER holds original.gguf and candidate.gguf. KEY=VALUE become keys of [rollout] in scale.toml; VALUE is TOML.
"""

import argparse
import hashlib
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--stakes", default="normal")
parser.add_argument("keys", nargs="*")
given = parser.parse_args()

rollout = {"listen": '"127.0.0.1:0"', "steps": "[300000, 500000]", "parallel": "2", "min_step_seconds": "3600",
           "guardrails": '["thumbs_down", "server_error"]'}
rollout.update(item.split("=", 1) for item in given.keys)


def digest(path):
    return hashlib.sha256(open(os.path.join(given.folder, path), "rb").read()).hexdigest()


with open(os.path.join(given.folder, "scale.toml"), "w") as file:
    file.write(f'''
[model]
path = "original.gguf"
stakes = "{given.stakes}"
stakes_reason = "a test"
[deploy]
threads = 1
context = 512
[rollout]
''' + "".join(f"{key} = {value}\n" for key, value in rollout.items()))

lines, hashes, previous = [], {}, "0" * 64


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def add(stage, kind, parents, payload):
    global previous
    entry = {"seq": len(lines) + 1, "time": "2026-01-01T00:00:00.000Z", "stage": stage, "kind": kind, "schema": 1,
             "parents": [hashes[name] for name in parents], "payload": payload, "tool": "test", "prev": previous}
    entry["hash"] = previous = hashes[kind] = hashlib.sha256(canonical(entry).encode()).hexdigest()
    lines.append(canonical(entry))


original, candidate = digest("original.gguf"), digest("candidate.gguf")
add("constraint", "constraint", [], {"kind": "memory", "sentence": "memory-bound", "model_path": "original.gguf",
    "stakes": given.stakes, "stakes_reason": "a test", "fingerprint": {"model_sha256": original}})
add("choice", "decision", ["constraint"], {"type": "Q8_0", "reason": "test"})
add("calibration", "calibration_set", ["decision"], {"samples": 128})
add("quality", "budget", ["constraint"], {"points": 1})
add("calibration", "artefact", ["calibration_set"],
    {"path": "candidate.gguf", "sha256": candidate, "original_sha256": original})
add("quality", "verdict", ["artefact", "budget"],
    {"verdict": "PASS", "sentence": "passed", "artefact_sha256": candidate})
os.makedirs(os.path.join(given.folder, ".scale"), exist_ok=True)
with open(os.path.join(given.folder, ".scale", "record.jsonl"), "w") as file:
    file.write("".join(line + "\n" for line in lines))
