"""Writes a pass that stands at the end of stage A, for tests of `scale lock`: an original, a candidate, held-out tokens.

  lock_pass.py FOLDER ORIGINAL.gguf [--damage | --candidate FILE] [--stakes low] [--without-artefact]

The candidate is a copy of the original, or FILE; --damage zeroes a share of the bytes of its last layers. The record is written
by an independent writer of the format in src/record/entry.h.
"""

import argparse
import hashlib
import json
import pathlib
import random
import shutil


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def damaged(data):
    data = bytearray(data)
    generator = random.Random(1)
    begin, end = len(data) // 2, len(data) * 9 // 10
    for _ in range(60):  # runs of 4 KiB, well inside the tensor data
        place = generator.randrange(begin, end) & ~1
        data[place:place + 4096] = bytes(4096)
    return bytes(data)


def held_out_lines():
    generator = random.Random(2)
    lines = []
    for number in range(24):
        tokens = [generator.randrange(300, 3000) for _ in range(40)]
        lines.append(canonical({"id": f"text {number}", "stratum": "text", "text": "…", "tokens": tokens}) + b"\n")
    return b"".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("original", type=pathlib.Path)
    parser.add_argument("--damage", action="store_true")
    parser.add_argument("--candidate", type=pathlib.Path)
    parser.add_argument("--stakes", default="normal")
    parser.add_argument("--without-artefact", action="store_true")
    options = parser.parse_args()
    folder = options.folder
    (folder / ".scale").mkdir(parents=True)
    shutil.copy(options.original, folder / "original.gguf")
    original = (folder / "original.gguf").read_bytes()
    candidate = options.candidate.read_bytes() if options.candidate else original
    if options.damage:
        candidate = damaged(original)
    (folder / "candidate.gguf").write_bytes(candidate)

    held_out = held_out_lines()
    name = sha256(held_out)
    place = folder / ".scale" / "objects" / name[:2] / name
    place.parent.mkdir(parents=True)
    place.write_bytes(held_out)

    samples = b"".join(canonical({"id": f"sample {n}", "stratum": "text", "text": f"sample {n}", "tokens": [300 + n]}) + b"\n"
                       for n in range(4))
    kept = folder / ".scale" / "objects" / sha256(samples)[:2] / sha256(samples)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(samples)

    entries = [("constraint", "constraint", [], {"kind": "memory", "sentence": "memory-bound", "stakes": options.stakes,
                                                 "stakes_reason": "a test", "model_path": "original.gguf"}),
               ("choice", "decision", [0], {"type": "F16", "format": "GGUF"}),
               ("calibration", "calibration_set", [1], {"samples": 128, "set_sha256": sha256(samples),
                                                               "holdout_sha256": name, "holdout_samples": 24})]
    if not options.without_artefact:
        entries.append(("calibration", "artefact", [2], {"sha256": sha256(candidate), "path": "candidate.gguf",
                                                         "bytes": len(candidate), "type": "F16",
                                                         "original_sha256": sha256(original)}))
    hashes, prev, lines = [], "0" * 64, []
    for seq, (stage, kind, parents, payload) in enumerate(entries, 1):
        entry = {"seq": seq, "time": f"2026-11-24T12:{seq:02d}:00.000Z", "stage": stage, "kind": kind, "schema": 1,
                 "parents": [hashes[parent] for parent in parents], "payload": payload, "tool": "test", "prev": prev}
        prev = entry["hash"] = sha256(canonical(entry))
        hashes.append(prev)
        lines.append(canonical(entry) + b"\n")
    (folder / ".scale" / "record.jsonl").write_bytes(b"".join(lines))


main()
