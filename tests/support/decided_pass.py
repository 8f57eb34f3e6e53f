"""Writes a pass whose stages S and C are done, by hand, for a real model: what the scripts of stage A start from.

  decided_pass.py FOLDER MODEL TYPE [--searched] [--expire]

FOLDER gets MODEL as original.gguf, a scale.toml and a record. Types are those of the stock mix; --searched leaves them to
the search, which takes longer. --expire instead takes the pass as it is and rewrites its
record with every calibration set expired.
"""

import argparse
import json
import pathlib
import shutil

from handmade_pass import Record, sha256, speed


def decide(folder, model, kind, allocation):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, folder / "original.gguf")
    original = (folder / "original.gguf").read_bytes()
    (folder / "scale.toml").write_text('[model]\npath = "original.gguf"\n\n[constraint]\nkind = "memory"\nmemory_mib = 64\n\n'
                                       '[deploy]\nthreads = 1\n\n[traffic]\nlog = "traffic.jsonl"\n\n'
                                       f'[calibration]\nsamples = 128\nmax_tokens = 128\nchannels = "off"\nallocation = "{allocation}"\n')
    record = Record(folder, None)
    record.append("constraint", "constraint", [], {
        "kind": "memory", "sentence": "We are memory-bound.", "target": {"memory_mib": 64}, "memory": {}, "speed": speed(1.0),
        "model_path": "original.gguf", "model_bytes": len(original), "fingerprint": {"model_sha256": sha256(original)}})
    record.append("choice", "decision", ["constraint"], {
        "type": kind, "format": "GGUF", "rule": "default-4-bit", "reason": "4 bits by default", "candidates": []})
    record.close()


def expire(folder):
    entries = [json.loads(line) for line in (folder / ".scale" / "record.jsonl").read_text().splitlines()]
    record = Record(folder, None)
    parents = {"constraint": [], "decision": ["constraint"], "calibration_set": ["decision"],
               "artefact": ["calibration_set", "decision"]}
    for entry in entries:
        if entry["kind"] == "calibration_set":
            entry["payload"]["expires_at"] = "2020-01-01T00:00:00.000Z"
        record.append(entry["stage"], entry["kind"], parents[entry["kind"]], entry["payload"])
    record.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", nargs="?")
    parser.add_argument("kind", nargs="?")
    parser.add_argument("--searched", action="store_true")
    parser.add_argument("--expire", action="store_true")
    options = parser.parse_args()
    if options.expire:
        expire(options.folder)
    else:
        decide(options.folder, options.model, options.kind, "searched" if options.searched else "stock")
