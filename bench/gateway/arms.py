"""Two arms' servers on one machine: requests a second of both under load at once, and of the original alone beside an idle
candidate, by how long waiting threads of a server spin.

  arms.py --scale PROGRAM --model ORIGINAL.gguf [--candidate CANDIDATE.gguf] [--seconds 20] [--rounds 3] [--clients 4]
          [SETTING …]

A SETTING is "own" (what scale chooses), "libgomp" (its default) or VARIABLE=VALUE[,VARIABLE=VALUE] for the environment of
`scale evaluate start`, which the servers inherit. Rounds are interleaved; medians over rounds, and the range.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--scale", required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--candidate")
parser.add_argument("--seconds", type=float, default=20)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--clients", type=int, default=4)
parser.add_argument("settings", nargs="*", default=["own", "libgomp", "OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=100",
                                                    "GOMP_SPINCOUNT=1000", "GOMP_SPINCOUNT=10000"])
given = parser.parse_args()
support = pathlib.Path(__file__).resolve().parents[2] / "tests" / "support"


def environment(setting):
    clean = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    if setting == "own":
        return clean
    if setting == "libgomp":  # what it takes where nothing is set and there are no more threads than processors
        return {**clean, "GOMP_SPINCOUNT": "300000"}
    return {**clean, **dict(pair.split("=", 1) for pair in setting.split(","))}


def make_pass(folder):
    folder.mkdir()
    shutil.copyfile(given.model, folder / "original.gguf")
    shutil.copyfile(given.candidate or given.model, folder / "candidate.gguf")
    if not given.candidate:  # another digest; the reader ignores what follows the tensors
        with open(folder / "candidate.gguf", "ab") as file:
            file.write(b"x")
    subprocess.run([sys.executable, support / "rollout_pass.py", folder, f"parallel={given.clients}"], check=True)
    settings = (folder / "scale.toml").read_text()
    (folder / "scale.toml").write_text(settings.replace("threads = 1", "threads = 0").replace("context = 512", "context = 1024"))


class Load(threading.Thread):
    """One client of an arm that asks again as soon as it is answered."""

    def __init__(self, folder, arm, end):
        super().__init__()
        self.arm, self.end, self.done, self.failed, self.unanswered = arm, end, 0, 0, 0
        self.address = json.loads((folder / ".scale/rollout/gateway.json").read_text())["address"]
        self.token = (folder / ".scale/rollout/token").read_text().strip()

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        count = 0
        while time.monotonic() < self.end:
            count += 1
            prompt = f"{self.name} {count}: " + "say a word, " * 32
            connection.request("POST", "/v1/chat/completions", json.dumps(
                {"model": "original", "max_tokens": 48, "temperature": 0, "ignore_eos": True,
                 "messages": [{"role": "user", "content": prompt}]}),
                {"Content-Type": "application/json", "x-scale-arm": self.arm, "x-scale-token": self.token})
            try:
                reply = connection.getresponse()
                reply.read()
            except TimeoutError:
                self.unanswered += 1
                return
            if reply.status != 200:
                self.failed += 1
            elif time.monotonic() < self.end:
                self.done += 1


def rates(folder, arms):
    end = time.monotonic() + given.seconds
    clients = [Load(folder, arm, end) for arm in arms for _ in range(given.clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if any(client.failed for client in clients):
        sys.exit("a request failed")
    unanswered = sum(client.unanswered for client in clients)
    if unanswered:
        print(f"{unanswered} requests were not answered within 60 s", file=sys.stderr)
    return [sum(client.done for client in clients if client.arm == arm) / given.seconds for arm in arms]


def measure(folder, setting):
    subprocess.run([given.scale, "evaluate", "start", "--dir", folder], env=environment(setting), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        original, candidate = rates(folder, ["original", "candidate"])
        alone, = rates(folder, ["original"])
    finally:
        pid = json.loads((folder / ".scale/rollout/gateway.json").read_text())["pid"]
        os.kill(pid, 15)
        while (folder / ".scale/rollout/gateway.json").exists():
            time.sleep(0.1)
    return original, candidate, alone


def shown(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


with tempfile.TemporaryDirectory(prefix="scale-arms.") as parent:
    folder = pathlib.Path(parent) / "pass"
    make_pass(folder)
    found = {setting: [] for setting in given.settings}
    for _ in range(given.rounds):
        for setting in given.settings:
            found[setting].append(measure(folder, setting))
    print("| waiting | original, both loaded | candidate, both loaded | together | original alone |\n|---|---|---|---|---|")
    for setting, rows in found.items():
        both = [row[0] + row[1] for row in rows]
        print(f"| {setting} | {shown([row[0] for row in rows])} | {shown([row[1] for row in rows])} | {shown(both)} | "
              f"{shown([row[2] for row in rows])} |")
