#!/usr/bin/env python3
"""What it costs, and what it saves, that a worker's engine threads spin only briefly while they wait for each other.

  worker_waits.py --scale PROGRAM --model GGUF --text FILE [--chunks 4] [--rounds 3]

The same held-out measurement (`quality.measure`, a thread for each core, the model against itself) with libgomp's own waiting,
with what `scale` sets for its workers (engine/thread_waits.h) and with threads that sleep at once, alone and beside one busy
process for each core, in interleaved rounds. Prints wall seconds.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from held_out_job import CHUNK, HeldOutJob

POLICIES = {"libgomp": {"GOMP_SPINCOUNT": "300000"}, "brief": {"GOMP_SPINCOUNT": "1000"}, "passive": {"OMP_WAIT_POLICY": "passive"}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--scale", "--model", "--text"):
        parser.add_argument(name, required=True)
    parser.add_argument("--chunks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        words = pathlib.Path(options.text).read_text(errors="ignore")[: options.chunks * CHUNK * 6]
        job = HeldOutJob(options.scale, options.model, words, options.chunks, pathlib.Path(name))
        seconds = {}
        for _ in range(options.rounds):
            for beside in (0, cores):
                others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(beside)]
                try:
                    for policy, environment in POLICIES.items():
                        begin = time.monotonic()
                        job.run(options.model, cores, environment)
                        seconds.setdefault((beside, policy), []).append(time.monotonic() - begin)
                finally:
                    for other in others:
                        other.kill()
        print("| busy processes beside | " + " | ".join(f"{name}, s" for name in POLICIES) + " |\n" + "|---" * (len(POLICIES) + 1) + "|")
        for beside in (0, cores):
            print(f"| {beside} | " + " | ".join(f"{statistics.median(taken):.1f} ({min(taken):.1f} to {max(taken):.1f})"
                                                for taken in (seconds[(beside, name)] for name in POLICIES)) + " |")


main()
