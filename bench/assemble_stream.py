"""How fast `scale assemble` reads a long log, and in how much memory: assemble_stream.py --scale BINARY LINES [LINES …]

Every log is made on the fly in a temporary folder and removed: OpenAI-style request lines of 1 to 40 words from a vocabulary
of 20,000, a fifth of them repeated, one in a thousand broken, one in fifty with an e-mail address. Prints a line of JSON for
each length: seconds, CPU seconds, lines a second and the peak resident memory of the program and its workers.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "support"))
from decided_pass import decide  # noqa: E402


def write_log(path, lines):
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(20000)]
    kept = []
    with open(path, "w") as log:
        for number in range(lines):
            if number % 1000 == 999:
                log.write("not json\n")
                continue
            if kept and draw.random() < 0.2:
                text = draw.choice(kept)
            else:
                text = " ".join(draw.choices(words, k=draw.randint(1, 40)))
                if number % 50 == 0:
                    text += f" mail me at {draw.choice(words)}.{draw.choice(words)}@{draw.choice(words)}.org"
                if len(kept) < 100000:
                    kept.append(text)
            log.write('{"model":"m","user":"u%d","messages":[{"role":"user","content":"%s"}]}\n' % (number // 7, text))


def assemble(scale, folder, log):
    started = time.monotonic()
    process = subprocess.Popen([scale, "assemble", "--dir", folder, "--log", log, "--json", "-q"], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"scale assemble ended with {process.returncode}")
    return json.loads(output), time.monotonic() - started, usage


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", required=True)
    parser.add_argument("lines", nargs="+", type=int)
    options = parser.parse_args()
    for lines in options.lines:
        with tempfile.TemporaryDirectory(prefix="scale-stream.") as work:
            work = pathlib.Path(work)
            decide(work / "pass", SOURCE / "tests/data/tiny-256/tiny-256.f16.gguf", "Q4_K_M", "stock")
            write_log(work / "log.jsonl", lines)
            result, seconds, usage = assemble(options.scale, work / "pass", work / "log.jsonl")
            print(json.dumps({
                "lines": lines, "bytes": (work / "log.jsonl").stat().st_size, "broken": result["log_broken"],
                "distinct": result["log_distinct"], "held": result["log_kept"], "seconds": round(seconds, 1),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1), "lines_per_second": round(lines / seconds),
                "lines_per_cpu_second": round(lines / (usage.ru_utime + usage.ru_stime)),
                "peak_mib": round(usage.ru_maxrss / 1024)}), flush=True)


if __name__ == "__main__":
    main()
