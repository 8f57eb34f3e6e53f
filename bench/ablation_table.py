"""Sums up the lines of bench_ablation: ablation_table.py RESULTS.jsonl

Every method against random choice of as many samples, paired by seed: mean relative difference of the KL divergence on held-out
traffic, with the 95 % interval of Student's t over seeds. Only seeds with all four methods count.
"""

import json
import math
import sys

METHODS = ["random", "stratified", "facility", "channels"]
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def interval(values):
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:+.1f} %"
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    half = STUDENT[len(values) - 1] * deviation / math.sqrt(len(values))
    return f"{mean:+.1f} % [{mean - half:+.1f}, {mean + half:+.1f}]"


def main():
    lines = [json.loads(line) for line in open(sys.argv[1])]
    print("| samples | chosen | seeds | tokens | KL at 4 bits | against random | KL at 3 bits | against random | halves differ |")
    print("|---|---|---|---|---|---|---|---|---|")
    for samples in sorted({line["samples"] for line in lines}):
        found = {(line["seed"], line["method"]): line for line in lines if line["samples"] == samples}
        seeds = sorted(seed for seed in {seed for seed, _ in found} if all((seed, method) in found for method in METHODS))
        for method in METHODS:
            rows = [found[seed, method] for seed in seeds]
            base = [found[seed, "random"] for seed in seeds]
            mean = lambda key: sum(row[key] for row in rows) / len(rows)
            cells = [str(samples), method, str(len(seeds)), f"{mean('tokens'):.0f}"]
            for mix in ("Q4_K_S", "Q3_K_S"):
                cells.append(f"{mean(mix):.5f}")
                cells.append("–" if method == "random" else
                             interval([100 * (row[mix] / other[mix] - 1) for row, other in zip(rows, base)]))
            cells.append(f"{100 * mean('half_difference'):.1f} %")
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
