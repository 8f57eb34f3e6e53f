#!/usr/bin/env python3
"""Held-out divergence as `scale lock` measures it, against llama-perplexity's two passes on the same tokens.

  lock_speed.py --scale PROGRAM --engine FOLDER --model GGUF --text FILE [--type Q4_K_M] [--chunks 8] [--rounds 3]

Both run the same chunks of 512 tokens through both models with one thread, in interleaved rounds, since other work may
load the machine. Processor seconds (user and system, of all child processes) are the figure: they hardly depend on what else
runs. llama-perplexity writes the original's logits of every chunk's
second half to a file and reads them in its second pass; the lock runs both models side by side, keeps the rows of one
text in memory and compares every position. The divergence of the original from itself shows what each loses by rounding.
"""

import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile

from held_out_job import CHUNK, HeldOutJob


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lock(job, candidate):
    begin = processor_seconds()
    result = job.run(candidate, threads=1)
    seconds = processor_seconds() - begin
    values = [kl for sequence in result["sequences"] for kl in sequence["kl"]]
    return seconds, sum(values) / len(values), len(values), job.checkpoint.stat().st_size


def perplexity(options, candidate, text, folder, chunks):
    base = folder / "base.kld"
    base.unlink(missing_ok=True)
    program = [str(pathlib.Path(options.engine) / "bin" / "llama-perplexity"), "-f", str(text), "-c", str(CHUNK), "-b",
               str(CHUNK), "-t", "1", "--chunks", str(chunks), "--kl-divergence-base", str(base)]
    begin = processor_seconds()
    for more in (["-m", options.model], ["-m", candidate, "--kl-divergence"]):
        done = subprocess.run(program + more, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
    seconds = processor_seconds() - begin
    found = re.search(r"Mean\s+KLD:\s+(-?[0-9.]+)", done.stdout + done.stderr)
    return seconds, float(found.group(1)), chunks * (CHUNK // 2 - 1), base.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--scale", "--engine", "--model", "--text"):
        parser.add_argument(name, required=True)
    parser.add_argument("--type", default="Q4_K_M")
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ["OMP_WAIT_POLICY"] = "passive"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        text = folder / "text.txt"
        words = pathlib.Path(options.text).read_text(errors="ignore")[: options.chunks * CHUNK * 6]
        text.write_text(words)
        job = HeldOutJob(options.scale, options.model, words, options.chunks, folder)
        chunks = job.chunks
        candidate = str(folder / "candidate.gguf")
        subprocess.run([str(pathlib.Path(options.engine) / "bin" / "llama-quantize"), options.model, candidate,
                        options.type, "1"], check=True, capture_output=True)
        ratios = []
        print("| round | lock, s | llama-perplexity, both passes, s | ratio, same chunks | ratio, per scored token | KL, lock | KL, llama-perplexity | scored "
              "tokens | kept on disk, bytes |\n|---|---|---|---|---|---|---|---|---|")
        for round_number in range(1, options.rounds + 1):
            ours = lock(job, candidate)
            theirs = perplexity(options, candidate, text, folder, chunks)
            ratios.append(theirs[0] / theirs[2] / (ours[0] / ours[2]))
            print(f"| {round_number} | {ours[0]:.1f} | {theirs[0]:.1f} | {theirs[0] / ours[0]:.2f} | {ratios[-1]:.2f} | {ours[1]:.5f} | "
                  f"{theirs[1]:.5f} | {ours[2]} / {theirs[2]} | {ours[3]} / {theirs[3]} |", flush=True)
        ours = lock(job, options.model)
        theirs = perplexity(options, options.model, text, folder, chunks)
        print(f"\nMedian ratio per scored token {statistics.median(ratios):.2f} ({chunks} chunks of {CHUNK} tokens, {options.type}). The "
              f"original against itself: {ours[1]:.2g} nats (lock), {theirs[1]:.2g} (llama-perplexity).")


main()
