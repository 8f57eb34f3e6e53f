"""What `make bench-gateway` runs: one mock upstream, one load generator, and in turn nothing between them, our gateway in
both modes and with sixteen live pages open, and other proxies. Rounds are interleaved, so that whatever else the machine does falls on all alike; medians
over rounds are reported, and added latency is the difference of quantiles to the direct way of the same round.

  run.py --scale PROGRAM --bench FOLDER [--rounds N] [--rates R,…] [--seconds S] [--streams N] [--litellm PROGRAM]
"""

import argparse
import hashlib
import http.client
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, limit=60):
    end = time.time() + limit
    while time.time() < end:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{process.args[0]} does not listen")


def make_pass(folder, upstream):
    """A pass whose record says that S to L are done; both arms are the mock, so half of the users go either way."""
    folder.mkdir(parents=True)
    (folder / "original.gguf").write_bytes(b"original")
    (folder / "candidate.gguf").write_bytes(b"candidate")
    (folder / "scale.toml").write_text(f"""
[model]
path = "original.gguf"
[rollout]
steps = [500000]
original_url = "http://127.0.0.1:{upstream}"
candidate_url = "http://127.0.0.1:{upstream}"
""")
    (folder / ".scale").mkdir()
    canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    lines, hashes = [], {}
    def add(stage, kind, parents, payload):
        entry = {"seq": len(lines) + 1, "time": "2026-01-01T00:00:00.000Z", "stage": stage, "kind": kind, "schema": 1,
                 "parents": [hashes[name] for name in parents], "payload": payload, "tool": "bench",
                 "prev": list(hashes.values())[-1] if hashes else "0" * 64}
        entry["hash"] = hashes[kind] = hashlib.sha256(canonical(entry).encode()).hexdigest()
        lines.append(canonical(entry) + "\n")
    original, candidate = (hashlib.sha256(name).hexdigest() for name in (b"original", b"candidate"))
    add("constraint", "constraint", [], {"kind": "memory", "sentence": "memory-bound", "model_path": "original.gguf",
        "stakes": "normal", "fingerprint": {"model_sha256": original}})
    add("choice", "decision", ["constraint"], {"type": "Q8_0", "reason": "bench"})
    add("calibration", "calibration_set", ["decision"], {"samples": 128})
    add("quality", "budget", ["constraint"], {"points": 1})
    add("calibration", "artefact", ["calibration_set"],
        {"path": "candidate.gguf", "sha256": candidate, "original_sha256": original})
    add("quality", "verdict", ["artefact", "budget"],
        {"verdict": "PASS", "sentence": "passed", "artefact_sha256": candidate})
    (folder / ".scale" / "record.jsonl").write_text("".join(lines))


def watch(port, folder, pages=16):
    """Opens live pages as browsers do, and reads them until the gateway ends."""
    key = (folder / ".scale/rollout/token").read_text().strip()
    request = f"GET /scale/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
    readers = selectors.DefaultSelector()
    for _ in range(pages):
        page = socket.create_connection(("127.0.0.1", port))
        page.sendall(request.encode())
        if not page.recv(1 << 16).startswith(b"HTTP/1.1 200"):
            raise SystemExit("the gateway refuses a live page")
        readers.register(page, selectors.EVENT_READ)

    def read():
        while readers.get_map():
            for key, _ in readers.select():
                if not key.fileobj.recv(1 << 16):
                    readers.unregister(key.fileobj)

    threading.Thread(target=read, daemon=True).start()


HAPROXY = """
global
  nbthread 2
  maxconn 9800
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server mock 127.0.0.1:{upstream}
"""
NGINX = """
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.err crit;
events {{ worker_connections 19900; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000000;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
                  proxy_read_timeout 600s; }}
  }}
}}
"""
LITELLM = """
model_list:
  - model_name: mock
    litellm_params: {{ model: openai/mock, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-bench }}
"""


class Bench:
    def __init__(self, given):
        self.given = given
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-gateway.", dir=given.disk))
        self.running = []
        self.logs = self.folder / "logs"
        self.logs.mkdir()

    def start(self, name, command):
        log = open(self.logs / f"{name}.log", "wb")
        # LiteLLM otherwise asks the network for prices, and refuses to start without a key of its own.
        quiet = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                 "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=quiet)
        self.running.append(process)
        return process

    def mock(self, events, interval):
        process = subprocess.Popen([self.given.bench / "bench_mock_upstream", str(events), str(interval)],
                                   stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return int(process.stdout.readline()), process

    def proxies(self, upstream, wanted=None):
        """Starts each way to the mock: name → (port, process)."""
        ways = {"direct": (upstream, None)}
        for name in ("ours relaxed", "ours strict", "ours watched", "HAProxy", "nginx", "LiteLLM"):
            if wanted and name not in wanted:
                continue
            if name == "LiteLLM" and not self.given.litellm:
                continue
            port = free_port()
            home = self.folder / f"{name.replace(' ', '-')}-{port}"
            if name.startswith("ours"):
                make_pass(home, upstream)
                command = [self.given.scale, "evaluate", "start", "--dir", home, "--foreground", "--listen",
                           f"127.0.0.1:{port}", "--durability", "strict" if name == "ours strict" else "relaxed"]
            else:
                home.mkdir()
                if name == "HAProxy":
                    (home / "conf").write_text(HAPROXY.format(port=port, upstream=upstream))
                    command = ["haproxy", "-f", home / "conf"]
                elif name == "nginx":
                    (home / "conf").write_text(NGINX.format(port=port, upstream=upstream, folder=home))
                    command = ["nginx", "-c", home / "conf"]
                else:
                    (home / "conf.yaml").write_text(LITELLM.format(upstream=upstream))
                    command = [self.given.litellm, "--config", home / "conf.yaml", "--port", str(port)]
            process = self.start(name, command)
            wait_for_port(port, process, 180)
            if name == "ours watched":
                watch(port, home)
            ways[name] = (port, process)
        return ways

    def load(self, *arguments):
        done = subprocess.run([self.given.bench / "bench_load", *map(str, arguments)], capture_output=True, text=True)
        return json.loads(done.stdout.splitlines()[-1])

    def throughput(self, port, seconds):
        script = self.folder / "post.lua"
        script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                          'wrk.body = \'{"model":"mock","user":"u","messages":[{"role":"user","content":"'
                          + "q" * 300 + '"}]}\'\n')
        done = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-s", script,
                               f"http://127.0.0.1:{port}/v1/chat/completions"], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        rate = next(float(line.split()[1]) for line in lines if line.startswith("Requests/sec"))
        bad = next((int(line.split()[-1]) for line in lines if "Non-2xx" in line), 0)
        return rate, bad

    def end(self):
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self.running.clear()


def cpu_model():
    with open("/proc/cpuinfo") as info:
        return next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown")


def family(process):
    """A process and its children, theirs included: nginx works in them."""
    pids = [process.pid]
    for pid in pids:
        pids += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return pids


def memory_of(process):
    """Proportional resident memory of a process and its children, KiB."""
    total = 0
    for pid in family(process):
        with open(f"/proc/{pid}/smaps_rollup") as facts:
            total += next(int(line.split()[1]) for line in facts if line.startswith("Pss:"))
    return total


def processor_seconds(process):
    ticks = 0
    for pid in family(process):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_until_idle(process, limit=120):
    """A proxy that could not keep up goes on with its backlog, at the expense of whoever is measured next."""
    if process is None:
        return
    end = time.time() + limit
    while time.time() < end:
        before = processor_seconds(process)
        time.sleep(0.25)
        if processor_seconds(process) - before < 0.05:
            return
    raise SystemExit(f"{process.args[0]} is still busy {limit} s after its load")


def measure_latency(bench, given):
    upstream, _ = bench.mock(20, 10)
    ways = bench.proxies(upstream)
    results = {name: {} for name in ways}
    for port, _ in ways.values():
        bench.load("rate", port, 500, 1, given.connections)  # connections are open, code is warm
    loads = []
    for number in range(given.rounds):
        for rate in given.rates:
            for name, (port, process) in ways.items():
                if name == "LiteLLM" and rate > given.rates[0]:
                    continue
                results[name].setdefault(rate, []).append(bench.load("rate", port, rate, given.seconds, given.connections))
                wait_until_idle(process)
        for name, (port, process) in ways.items():
            results[name].setdefault("wrk", []).append(bench.throughput(port, given.seconds))
            wait_until_idle(process)
        loads.append(os.getloadavg()[0])
        print(f"round {number + 1} of {given.rounds} done, load average {loads[-1]:.1f}", flush=True)
    gateway = {}
    for name in ("ours relaxed", "ours strict"):
        answer = http.client.HTTPConnection("127.0.0.1", ways[name][0])
        answer.request("GET", "/scale/v1/status")
        gateway[name] = json.loads(answer.getresponse().read())["log"]
    bench.end()
    return results, loads, gateway


def report_latency(results, loads, gateway, given):
    print(f"\nLoad average during the rounds: {min(loads):.1f} to {max(loads):.1f}, on {os.cpu_count()} cores.\n")
    for rate in given.rates:
        print(f"{rate} requests/s, open loop on at most {given.connections} connections, {given.seconds} s × {given.rounds} rounds; milliseconds, medians over rounds\n")
        print("| way | p50 | p99 | added p50 | added p99 | errors | not answered in time |")
        print("|---|---|---|---|---|---|---|")
        for name, all_results in results.items():
            rounds = all_results.get(rate)
            if not rounds:
                continue
            middle = lambda key: statistics.median(entry[key] for entry in rounds) / 1000
            added = lambda key: statistics.median(
                entry[key] - base[key] for entry, base in zip(rounds, results["direct"][rate])) / 1000
            print(f"| {name} | {middle('p50_us'):.3f} | {middle('p99_us'):.3f} | {added('p50_us'):.3f} | "
                  f"{added('p99_us'):.3f} | {sum(entry['errors'] for entry in rounds)} | "
                  f"{sum(entry['late'] for entry in rounds)} |")
        print()
    print("Throughput, wrk, one thread, 32 connections; medians over rounds\n")
    print("| way | requests/s | of HAProxy's | other than 2xx |\n|---|---|---|---|")
    peers = results.get("HAProxy", results["direct"])["wrk"]
    for name, all_results in results.items():
        rates = [rate for rate, _ in all_results["wrk"]]
        ratio = statistics.median(rate / peer for rate, (peer, _) in zip(rates, peers))
        print(f"| {name} | {statistics.median(rates):.0f} | {ratio:.2f} | {sum(bad for _, bad in all_results['wrk'])} |")
    print()
    for name, log in gateway.items():
        print(f"{name}: {log['records']} records in {log['commits']} commits, {log['refused']} requests refused, at risk at most "
              f"{log['at_risk_peak']}")
    print(flush=True)


def report_streams(bench, given):
    print(f"{given.streams} open streams, an event every {given.stream_interval} s on each\n")
    print("| way | streams open | KiB per stream | events | coalesced |\n|---|---|---|---|---|")
    for name in ("direct", "ours relaxed", "ours strict", "HAProxy", "nginx"):
        upstream, mock = bench.mock(1_000_000, given.stream_interval * 1000)
        ways = bench.proxies(upstream, [name])
        port, process = ways.get(name, ways["direct"])
        before = memory_of(process or mock)
        load = subprocess.Popen([given.bench / "bench_load", "streams", str(port), str(given.streams)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        load.stdout.readline()
        after = memory_of(process or mock)
        time.sleep(given.stream_interval * 2)
        out, _ = load.communicate("\n")
        found = json.loads(out.splitlines()[-1])
        shown = "(the mock) " if process is None else ""
        print(f"| {name} | {found['began']} | {shown}{(after - before) / max(1, found['began']):.1f} | {found['events']} | "
              f"{found['coalesced']} |", flush=True)
        bench.end()
    print()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=pathlib.Path, required=True)
    parser.add_argument("--bench", type=pathlib.Path, required=True)
    parser.add_argument("--disk", default=None, help="folder on the disk whose syncs are measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rates", type=lambda text: [int(part) for part in text.split(",")], default=[1000, 5000])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=512, help="of the open loop, at most; strict answers wait together")
    parser.add_argument("--streams", type=int, default=9000)
    parser.add_argument("--stream-interval", type=int, default=5)
    parser.add_argument("--litellm", default=None)
    given = parser.parse_args()
    given.scale, given.bench = given.scale.resolve(), given.bench.resolve()
    bench = Bench(given)
    try:
        print(f"{cpu_model()}, {os.cpu_count()} cores shared by load, mock and proxy")
        report_latency(*measure_latency(bench, given), given)
        if given.streams:
            report_streams(bench, given)
    finally:
        bench.end()
        shutil.rmtree(bench.folder)


if __name__ == "__main__":
    main()
