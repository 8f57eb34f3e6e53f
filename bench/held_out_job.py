"""The lock's held-out measurement, the worker job `quality.measure`, on chunks of a plain text, for the benchmarks of it."""
import json
import os
import subprocess

CHUNK = 512  # tokens


def worker(scale, job, request, environment=None):
    done = subprocess.run([scale, "worker", job], input=json.dumps(request), capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})
    last = json.loads(done.stdout.splitlines()[-1])
    if "result" not in last:
        raise SystemExit(f"{job}: {last}")
    return last["result"]


class HeldOutJob:
    """Up to `chunks` chunks of `words` by the tokenizer of `model`; `folder` takes the job's files."""

    def __init__(self, scale, model, words, chunks, folder):
        self.scale, self.model, self.folder = scale, model, folder
        asked = {"model": model, "max_tokens": 1 << 20,
                 "requests": [{"id": "0", "stratum": "", "messages": [], "prompt": words, "answer": ""}]}
        tokens = worker(scale, "calibration.tokenize", asked)["sequences"][0]["tokens"]
        self.chunks = min(chunks, len(tokens) // CHUNK)
        self.checkpoint = folder / "checkpoint.jsonl"
        (folder / "items.json").write_text('{"items":[]}')
        with (folder / "held_out.jsonl").open("w") as file:
            for i in range(self.chunks):
                file.write(json.dumps({"id": f"chunk {i}", "stratum": "text", "text": "…",
                                       "tokens": tokens[i * CHUNK:(i + 1) * CHUNK]}) + "\n")

    def run(self, candidate, threads, environment=None):
        """From the beginning; returns the job's result."""
        self.checkpoint.unlink(missing_ok=True)
        tokens = self.chunks * (CHUNK - 1)
        return worker(self.scale, "quality.measure",
                      {"original": self.model, "candidate": candidate, "items": str(self.folder / "items.json"),
                       "held_out": str(self.folder / "held_out.jsonl"), "checkpoint": str(self.checkpoint), "kl_tokens": tokens,
                       "first_tokens": 1 << 20, "last_tokens": tokens, "seed": 1, "threads": threads}, environment)
