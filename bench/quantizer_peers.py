#!/usr/bin/env python3
"""`scale quantize` against llama-imatrix + llama-quantize: same calibration text, file bytes of the peer as the budget.

  quantizer_peers.py --scale BINARY --divergence BINARY --engine PREFIX --model GGUF --calibration TEXT
                     --types Q4_K_S,Q3_K_S --foreign TEXT [TEXT …] --out FOLDER [--tokens N] [--threads N] [--samples N]
                     [--rounding stock|refined|tuned] [--allocation stock|searched]

--rounding and --allocation are the settings of scale.toml, to see what each part gives.
For every type: a pass whose stages S and C are decided, `scale assemble` on the paragraphs of the calibration text (each
one request), then `scale quantize`. llama-imatrix gets the very texts of that calibration set and llama-quantize its
matrix. Both files are compared with the original on every foreign text by bench/file_divergence.cpp. FOLDER gets
results.jsonl (a line a type and text, with every figure), table.md and kl-by-bytes.svg. Times are wall seconds of the
commands, peaks the largest resident set of any of their processes; both need a quiet machine to mean anything.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "tests" / "support"))
from decided_pass import decide  # noqa: E402


def measured(command, log):
    """Runs a command to its end; wall seconds and the largest resident set among it and its children, MiB."""
    started = time.monotonic()
    with open(log, "ab") as out:
        # A shell of its own, so that /proc's high-water mark of children belongs to this command alone.
        script = ("import os, resource, subprocess, sys\n"
                  "code = subprocess.call(sys.argv[1:])\n"
                  "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
                  "sys.exit(code)")
        done = subprocess.run([sys.executable, "-c", script, *map(str, command)], stdout=subprocess.PIPE, stderr=out)
        out.write(done.stdout)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}; see {log}")
    peak = int(re.findall(rb"peak (\d+)", done.stdout)[-1])
    return time.monotonic() - started, peak


def make_pass(folder, options, kind):
    decide(folder, options.model, kind, options.allocation)
    settings = (folder / "scale.toml").read_text()
    settings = settings.replace("[calibration]\n", f'[calibration]\nrounding = "{options.rounding}"\n')
    settings = settings.replace("threads = 1", f"threads = {options.threads}")
    settings = settings.replace("samples = 128", f"samples = {options.samples}").replace("max_tokens = 128", "max_tokens = 512")
    (folder / "scale.toml").write_text(settings)
    paragraphs = [p.strip() for p in pathlib.Path(options.calibration).read_text(errors="replace").split("\n\n")]
    with open(folder / "traffic.jsonl", "w") as log:
        for number, paragraph in enumerate(p for p in paragraphs if len(p) > 40):
            log.write(json.dumps({"model": "m", "user": f"user-{number}", "messages": [{"role": "user", "content": paragraph}]}) + "\n")


def ours(options, kind, folder):
    make_pass(folder, options, kind)
    log = folder / "commands.log"
    measured([options.scale, "assemble", "--dir", folder], log)
    seconds, peak = measured([options.scale, "quantize", "--dir", folder], log)
    entries = [json.loads(line) for line in (folder / ".scale" / "record.jsonl").read_text().splitlines()]
    artefact = [e for e in entries if e["kind"] == "artefact"][-1]["payload"]
    chosen = [e for e in entries if e["kind"] == "calibration_set"][-1]["payload"]
    name = chosen["set_sha256"]
    texts = folder / ".scale" / "objects" / name[:2] / name
    return {"file": folder / artefact["path"], "seconds": seconds, "peak_mib": peak, "method": artefact["method"],
            "texts": [json.loads(line)["text"] for line in texts.read_text().splitlines()], "tokens": chosen["tokens"]}


def theirs(options, kind, folder, texts):
    log = folder / "peer.log"
    text, matrix, target = folder / "calibration.txt", folder / "imatrix.gguf", folder / f"peer.{kind}.gguf"
    text.write_text("\n".join(texts))
    tools = pathlib.Path(options.engine) / "bin"
    gather = measured([tools / "llama-imatrix", "-m", options.model, "-f", text, "-o", matrix, "-c", 512, "--parse-special",
                       "--no-ppl", "-t", options.threads, "-ngl", 0], log)
    write = measured([tools / "llama-quantize", "--imatrix", matrix, options.model, target, kind, options.threads], log)
    return {"file": target, "seconds": gather[0] + write[0], "peak_mib": max(gather[1], write[1])}


def divergence(options, text, files):
    done = subprocess.run([options.divergence, options.model, text, str(options.tokens), str(options.threads), *map(str, files)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(rows):
    head = ("| type | text | bytes: llama-quantize, scale | mean KL: llama-quantize | scale | paired difference | relative "
            "| median | 99 % | 99.9 % | same first choice | perplexity | seconds | peak MiB |\n" + "|---" * 14 + "|\n")
    lines = []
    for row in rows:
        a, b = row["theirs"], row["ours"]
        d = b["kl_difference"]
        both = lambda key, form: f"{a[key]:{form}} → {b[key]:{form}}"
        lines.append(
            f"| {row['type']} | {row['text']} | {a['bytes']}, {b['bytes']} | {a['kl']['mean']:.5f} ± {a['kl']['error']:.5f} "
            f"| {b['kl']['mean']:.5f} ± {b['kl']['error']:.5f} | {d['mean']:+.5f} ± {d['error']:.5f} "
            f"| {100 * d['mean'] / a['kl']['mean']:+.1f} % | {both('kl_median', '.5f')} | {both('kl_99', '.4f')} "
            f"| {both('kl_99_9', '.4f')} | {100 * a['same_first_choice']:.2f} → {100 * b['same_first_choice']:.2f} % "
            f"| {both('perplexity', '.3f')} | {row['their_seconds']:.0f} → {row['our_seconds']:.0f} "
            f"| {row['their_peak_mib']} → {row['our_peak_mib']} |\n")
    return head + "".join(lines)


def plot(rows, path):
    """KL on a logarithmic axis against file bytes, one polyline for each program."""
    import math
    width, height, left, bottom = 640, 400, 80, 50
    text = rows[0]["text"]
    points = sorted((r for r in rows if r["text"] == text), key=lambda r: r["theirs"]["bytes"])
    xs = [r[w]["bytes"] / 2**20 for r in points for w in ("theirs", "ours")]
    ys = [math.log10(r[w]["kl"]["mean"]) for r in points for w in ("theirs", "ours")]
    x0, x1 = min(xs) * 0.98, max(xs) * 1.02
    y0, y1 = min(ys) - 0.1, max(ys) + 0.1
    place = lambda x, y: (left + (x - x0) / (x1 - x0) * (width - left - 20), 20 + (y1 - y) / (y1 - y0) * (height - bottom - 20))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
             f'<title>Mean KL from the original against file size, {text}</title>'
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for tick in range(5):
        y = y0 + (y1 - y0) * tick / 4
        px, py = place(x0, y)
        parts.append(f'<path d="M{px:.0f} {py:.1f}H{width - 20}" stroke="#ddd"/><text x="{px - 6:.0f}" y="{py + 4:.1f}" text-anchor="end">{10 ** y:.3g}</text>')
        x = x0 + (x1 - x0) * tick / 4
        px, _ = place(x, y0)
        parts.append(f'<text x="{px:.1f}" y="{height - bottom + 18}" text-anchor="middle">{x:.1f}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">file size, MiB</text>'
                 f'<text x="14" y="{height / 2}" transform="rotate(-90 14 {height / 2})" text-anchor="middle">mean KL, nats a token</text>')
    for who, colour, label, at in (("theirs", "#b5532d", "llama-imatrix + llama-quantize", 36), ("ours", "#1f6fb4", "scale quantize", 54)):
        spots = sorted((r[who]["bytes"] / 2**20, math.log10(r[who]["kl"]["mean"]), r["type"]) for r in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                     + " ".join("%.1f,%.1f" % place(x, y) for x, y, _ in spots) + '"/>')
        for x, y, name in spots:
            px, py = place(x, y)
            parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"><title>{label} {name}: {10 ** y:.5f}</title></circle>')
            if who == "theirs":
                parts.append(f'<text x="{px + 6:.1f}" y="{py - 6:.1f}">{name}</text>')
        parts.append(f'<circle cx="{width - 230}" cy="{at - 4}" r="4" fill="{colour}"/><text x="{width - 220}" y="{at}">{label}</text>')
    path.write_text("".join(parts) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("scale", "divergence", "engine", "model", "calibration", "types", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--foreign", nargs="+", required=True)
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--rounding", default="refined")
    parser.add_argument("--allocation", default="searched")
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for kind in options.types.split(","):
        folder = out / kind
        if folder.exists():
            sys.exit(f"{folder} exists; remove it or name another folder")
        mine = ours(options, kind, folder)
        peer = theirs(options, kind, folder, mine["texts"])
        for text in options.foreign:
            a, b = divergence(options, text, [peer["file"], mine["file"]])
            rows.append({"model": pathlib.Path(options.model).name, "type": kind, "text": pathlib.Path(text).name,
                         "rounding": options.rounding, "allocation": options.allocation,
                         "calibration_tokens": mine["tokens"], "method": mine["method"], "theirs": a, "ours": b,
                         "their_seconds": peer["seconds"], "our_seconds": mine["seconds"],
                         "their_peak_mib": peer["peak_mib"], "our_peak_mib": mine["peak_mib"], "threads": options.threads})
            with open(out / "results.jsonl", "a") as results:
                results.write(json.dumps(rows[-1]) + "\n")
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    (out / "table.md").write_text(table(rows))
    plot(rows, out / "kl-by-bytes.svg")


if __name__ == "__main__":
    main()
