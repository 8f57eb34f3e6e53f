"""Makes a pass that may open a slice: its record says that S to L are done. The weights are a few bytes, for servers that
are reached by URL.

  gated_pass.py FOLDER < the text of [rollout] in scale.toml
"""
import hashlib
import json
import os
import sys


def make_pass(folder, rollout):
    os.makedirs(os.path.join(folder, ".scale"))
    for name in ("original", "candidate"):
        with open(os.path.join(folder, name + ".gguf"), "w") as weights:
            weights.write(name)
    with open(os.path.join(folder, "scale.toml"), "w") as settings:
        settings.write('[model]\npath = "original.gguf"\n[rollout]\n' + rollout)
    canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    lines, hashes, previous = [], {}, "0" * 64
    for stage, kind, parents, payload in [
        ("constraint", "constraint", [], {"kind": "memory", "sentence": "memory-bound", "model_path": "original.gguf",
                                          "stakes": "normal", "fingerprint": {"model_sha256": digest("original")}}),
        ("choice", "decision", ["constraint"], {"type": "Q8_0", "reason": "a test"}),
        ("calibration", "calibration_set", ["decision"], {"samples": 128}),
        ("quality", "budget", ["constraint"], {"points": 1}),
        ("calibration", "artefact", ["calibration_set"], {"path": "candidate.gguf", "sha256": digest("candidate"),
                                                          "original_sha256": digest("original")}),
        ("quality", "verdict", ["artefact", "budget"], {"verdict": "PASS", "sentence": "passed",
                                                        "artefact_sha256": digest("candidate")}),
    ]:
        entry = {"seq": len(lines) + 1, "time": "2026-01-01T00:00:00.000Z", "stage": stage, "kind": kind, "schema": 1,
                 "parents": [hashes[name] for name in parents], "payload": payload, "tool": "test", "prev": previous}
        entry["hash"] = previous = hashes[kind] = digest(canonical(entry))
        lines.append(canonical(entry) + "\n")
    with open(os.path.join(folder, ".scale", "record.jsonl"), "w") as record:
        record.write("".join(lines))


if __name__ == "__main__":
    make_pass(sys.argv[1], sys.stdin.read())
