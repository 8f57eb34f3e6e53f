#!/usr/bin/env python3
"""Makes the example's traffic log: OpenAI-style request bodies, one a line.

Usage: make_traffic.py DATA_FOLDER OUT.jsonl

What a small assistant's day could look like, drawn with a fixed seed from published prompt sets (see traffic.md for
sources and licences): instructions with their answers, open questions, customer-support questions under a system
prompt, booking dialogues of several turns, and requests for JSON. Five lines are broken on purpose, as in any real log.
"""
import csv
import json
import random
import sys
from pathlib import Path

SUPPORT = "You are the support assistant of a bank. Answer briefly and politely."
BOOKING = "You help people to find and book services. Ask one question at a time."
EXTRACT = 'Answer with one JSON object with the keys "intent" and "summary", and nothing else.'


def body(user, messages, **more):
    return {"model": "assistant", "user": user, "messages": messages, **more}


def message(role, content):
    return {"role": role, "content": content}


def instructions(data):
    for name in ("user_oriented_instructions.jsonl", "seed_tasks.jsonl"):
        for line in (data / "self_instruct" / name).open(encoding="utf-8"):
            task = json.loads(line)
            instance = task["instances"][0]
            prompt = task["instruction"] + ("\n\n" + instance["input"] if instance["input"] else "")
            if len(prompt) < 4000:
                yield [message("user", prompt)], instance["output"][:2000]


def questions(data):
    for line in (data / "arena_hard" / "question.jsonl").open(encoding="utf-8"):
        prompt = json.loads(line)["turns"][0]["content"]
        if len(prompt) < 3000 and "/home/" not in prompt:  # somebody's folders
            yield [message("user", prompt)], None
    for line in (data / "mt_bench" / "question.jsonl").open(encoding="utf-8"):
        yield [message("user", json.loads(line)["turns"][0])], None


def support(data, draw):
    with (data / "banking77" / "train.csv").open(encoding="utf-8") as file:
        rows = [row["text"].strip() for row in csv.DictReader(file)]
    for text in draw.sample(rows, 420):
        if draw.random() < 0.2:
            yield [message("system", EXTRACT), message("user", text)], None
        else:
            yield [message("system", SUPPORT), message("user", text)], None


def bookings(data, draw):
    dialogues = json.loads((data / "sgd" / "test_dialogues_011.json").read_text(encoding="utf-8"))
    dialogues += json.loads((data / "sgd" / "test_dialogues_010.json").read_text(encoding="utf-8"))
    for dialogue in draw.sample(dialogues, min(90, len(dialogues))):
        turns = dialogue["turns"]
        last = draw.choice([i for i, turn in enumerate(turns) if turn["speaker"] == "USER"][:6])
        messages = [message("system", BOOKING)]
        for turn in turns[: last + 1]:
            messages.append(message("user" if turn["speaker"] == "USER" else "assistant", turn["utterance"]))
        answer = turns[last + 1]["utterance"] if last + 1 < len(turns) else None
        yield messages, answer


def main(data, out):
    draw = random.Random(20261124)
    drawn = list(instructions(data)) + list(questions(data)) + list(support(data, draw)) + list(bookings(data, draw))
    draw.shuffle(drawn)
    lines = []
    for messages, answer in drawn:
        request = body(f"user-{draw.randrange(400):03d}", messages, temperature=0.7, stream=draw.random() < 0.5)
        entry = request if answer is None else {
            "request": request,
            "response": {"choices": [{"message": message("assistant", answer), "finish_reason": "stop"}]},
        }
        lines.append(json.dumps(entry, ensure_ascii=False))
    lines.insert(40, lines[40][: len(lines[40]) // 2])  # cut by a crash
    lines.insert(200, "")
    lines.insert(300, '{"model": "assistant", "messages": []}')
    lines.insert(500, "2026-11-02T08:14:11Z INFO health check ok")
    lines.insert(700, '["not", "an", "object"]')
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} lines, {out.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
