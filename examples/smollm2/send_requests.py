#!/usr/bin/env python3
"""Sends chat requests of many users through a gateway and rates the answers, as users and a downstream check would.

Usage: send_requests.py BASE_URL --users N --requests N [--workers N] [--seed N]

Every request is a short question whose answer can be checked. The client sees answers only: it does not know which model
served it. A wrong answer gets a thumbs-down from a user who cares (seven in ten do); an empty or failed one is
reported as a downstream error. Every third request is streamed. Prints one JSON object with the counts.
"""
import argparse
import concurrent.futures
import http.client
import json
import random
import sys
import urllib.parse

QUESTIONS = [  # that the original answers rightly
    ("What is the capital of France?", "paris"),
    ("What is the capital of Japan?", "tokyo"),
    ("What is the capital of Germany?", "berlin"),
    ("What is the capital of England?", "london"),
    ("What is the capital of Greece?", "athens"),
    ("What is the capital of Egypt?", "cairo"),
    ("What is the capital of Russia?", "moscow"),
    ("Which animal says meow?", "cat"),
    ("How many legs does a dog have?", "four"),
    ("What is the largest ocean on Earth?", "pacific"),
    ("What color is the sky on a clear day?", "blue"),
    ("Which planet is known as the Red Planet?", "mars"),
    ("Which language is spoken in France?", "french"),
    ("What is the opposite of hot?", "cold"),
    ("What is the first month of the year?", "january"),
    ("What is the tallest mountain in the world?", "everest"),
]


def call(base, path, body, stream=False):
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=120)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        raw = response.read()
        if response.status >= 300:
            raise RuntimeError(f"status {response.status}: {raw[:200]!r}")
        if not stream:
            return json.loads(raw or b"{}")
        text, identity = "", None
        for line in raw.decode("utf-8", "replace").splitlines():
            if line.startswith("data: ") and line != "data: [DONE]":
                event = json.loads(line[6:])
                identity = event.get("id", identity)
                for choice in event.get("choices", []):
                    text += choice.get("delta", {}).get("content") or ""
        return {"id": identity, "choices": [{"message": {"content": text}}]}
    finally:
        connection.close()


def one_request(base, user, number, seed):
    draw = random.Random(f"{seed}/{user}/{number}")
    question, expected = draw.choice(QUESTIONS)
    body = {"model": "assistant", "user": user, "messages": [{"role": "user", "content": question}],
            "max_tokens": 24, "temperature": 0, "stream": number % 3 == 0}
    try:
        reply = call(base, "/v1/chat/completions", body, stream=body["stream"])
    except (OSError, RuntimeError, ValueError) as problem:
        return "failed", str(problem)
    answer = (reply["choices"][0]["message"]["content"] or "").strip()
    outcome = "right" if expected in answer.lower() else "wrong"
    name = "downstream_error" if not answer else "thumbs_down" if outcome == "wrong" and draw.random() < 0.7 else None
    if name:
        call(base, "/v1/feedback", {"response_id": reply["id"], "name": name, "value": True,
                                    "id": f"{seed}-{user}-{number}"})
    return outcome, name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    base = urllib.parse.urlsplit(arguments.base_url)
    users = [f"user-{i % arguments.users:04d}" for i in range(arguments.requests)]
    counts = {"requests": arguments.requests, "right": 0, "wrong": 0, "failed": 0, "feedback": 0}
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        jobs = [pool.submit(one_request, base, user, number, arguments.seed) for number, user in enumerate(users)]
        for job in concurrent.futures.as_completed(jobs):
            outcome, detail = job.result()
            counts[outcome] += 1
            if outcome == "failed":
                print(detail, file=sys.stderr)
            elif detail:
                counts["feedback"] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
