#!/usr/bin/env python3
"""The texts that quantisers are compared on: texts.py DATA OUT

DATA holds self_instruct, banking77, gsm8k and wikitext2. OUT gets calibration.txt (paragraphs, each a request:
instructions, bank customers' questions and gsm8k's training problems with their solutions; no text of Wikipedia), gsm.txt
(gsm8k's test problems: of a kind that was calibrated on) and wiki.test.raw (foreign). The same files at every call.
"""

import csv
import json
import pathlib
import random
import shutil
import sys


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def one_paragraph(text):
    return "\n".join(line for line in text.splitlines() if line.strip())


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    draw = random.Random(20261130)
    instructions = []
    for task in lines(data / "self_instruct" / "user_oriented_instructions.jsonl"):
        for instance in task["instances"][:1]:
            instructions.append("\n".join([task["instruction"], instance["input"], instance["output"]]))
    questions = [row["text"] for row in csv.DictReader((data / "banking77" / "train.csv").open())]
    problems = [f"{p['question']}\n{p['answer']}" for p in lines(data / "gsm8k" / "train.jsonl")]
    chosen = draw.sample(instructions, 200) + draw.sample(problems, 600)
    chosen += ["\n".join(draw.sample(questions, 4)) for _ in range(200)]
    draw.shuffle(chosen)
    (out / "calibration.txt").write_text("\n\n".join(one_paragraph(text) for text in chosen) + "\n")
    test = [f"{p['question']}\n{p['answer']}" for p in lines(data / "gsm8k" / "test.jsonl")]
    (out / "gsm.txt").write_text("\n\n".join(test) + "\n")
    shutil.copyfile(data / "wikitext2" / "wiki.test.raw", out / "wiki.test.raw")


main()
