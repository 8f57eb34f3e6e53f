# The gateway's log under violence, on the real binary: killed 50 times under load (strict), a disk that fills up, clients
# that are slow, half open or oversized. The server behind it is a few lines of Python.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null || skip "no python3"
cat >faults.py <<'PYTHON'
import glob, hashlib, http.client, http.server, json, os, resource, signal, socket, subprocess, sys, threading, time

scale, rounds = sys.argv[1], int(sys.argv[2])
canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    number = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Model.number += 1
        head = {"id": f"chatcmpl-{Model.number}"}
        if asked.get("stream"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            events = [json.dumps({**head, "choices": [{"index": 0, "delta": {"content": "x"}}]})] * 3 + ["[DONE]"]
            for event in events:
                data = f"data: {event}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")
            return
        body = json.dumps({**head, "choices": [{"index": 0, "message": {"content": "x" * 500}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # a killed gateway resets its connections


model = Server(("127.0.0.1", 0), Model)
threading.Thread(target=model.serve_forever, daemon=True).start()


def make_pass(folder, more=""):
    os.makedirs(folder + "/.scale")
    for name in ("original", "candidate"):
        open(f"{folder}/{name}.gguf", "w").write(name)
    url = f"http://127.0.0.1:{model.server_port}"
    open(folder + "/scale.toml", "w").write(f'[model]\npath = "original.gguf"\n[rollout]\nsteps = [500000]\n'
        f'original_url = "{url}"\ncandidate_url = "{url}"\ndurability = "strict"\n{more}')
    lines, hashes, prev = [], {}, "0" * 64
    digest = lambda name: hashlib.sha256(name.encode()).hexdigest()
    def add(stage, kind, parents, payload):
        nonlocal prev
        entry = {"seq": len(lines) + 1, "time": "2026-01-01T00:00:00.000Z", "stage": stage, "kind": kind, "schema": 1,
                 "parents": [hashes[name] for name in parents], "payload": payload, "tool": "test", "prev": prev}
        entry["hash"] = prev = hashes[kind] = hashlib.sha256(canonical(entry).encode()).hexdigest()
        lines.append(canonical(entry) + "\n")
    add("constraint", "constraint", [], {"kind": "memory", "sentence": "x", "model_path": "original.gguf",
        "stakes": "normal", "fingerprint": {"model_sha256": digest("original")}})
    add("choice", "decision", ["constraint"], {"type": "Q8_0", "reason": "test"})
    add("calibration", "calibration_set", ["decision"], {"samples": 128})
    add("quality", "budget", ["constraint"], {"points": 1})
    add("calibration", "artefact", ["calibration_set"], {"path": "candidate.gguf", "sha256": digest("candidate"),
        "original_sha256": digest("original")})
    add("quality", "verdict", ["artefact", "budget"], {"verdict": "PASS", "sentence": "x",
        "artefact_sha256": digest("candidate")})
    open(folder + "/.scale/record.jsonl", "w").write("".join(lines))


def start(folder, limit=None):
    def prepare():
        if limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    gateway = subprocess.Popen([scale, "evaluate", "start", "--dir", folder, "--foreground", "--listen", "127.0.0.1:0",
                                "--workers", "2"], stdout=open(folder + "/log", "ab"), stderr=subprocess.STDOUT,
                               preexec_fn=prepare)
    info = folder + "/.scale/rollout/gateway.json"
    while gateway.poll() is None:
        try:
            found = json.load(open(info))
            if found["pid"] == gateway.pid:
                return gateway, found["address"]
        except (OSError, ValueError):
            pass
        time.sleep(0.01)
    sys.exit("the gateway did not start: " + open(folder + "/log").read()[-2000:])


class Acknowledged:
    """What clients were told: ids of whole answers, and of feedback with a 2xx."""
    def __init__(self):
        self.answers, self.feedback, self.refused, self.lock = set(), set(), 0, threading.Lock()


def client(address, number, told, stop):
    count = 0
    connection = None
    while not stop.is_set():
        try:
            connection = connection or http.client.HTTPConnection(address, timeout=10)
            name = f"{os.getpid()}-{id(stop)}-{number}-{count}"
            count += 1
            body = {"model": "m", "user": f"u{count % 50}", "messages": [], "stream": count % 2 == 0}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"x-request-id": name})
            reply = connection.getresponse()
            text = reply.read()
            whole = reply.status == 200 and (b"[DONE]" in text or text.endswith(b"}"))
            with told.lock:
                told.answers.add(name) if whole else None
                told.refused += reply.status == 503
            if reply.status == 503:
                assert json.loads(text)["error"]["code"], text
                time.sleep(0.01)
            if count % 5 == 0 and whole:
                connection.request("POST", "/v1/feedback", json.dumps({"id": name, "response_id": name, "name": "remark"}))
                reply = connection.getresponse()
                reply.read()
                with told.lock:
                    told.feedback.add(name) if reply.status == 200 else None
        except (OSError, http.client.HTTPException):
            connection = None
    connection and connection.close()


def logged(folder):
    admits, finishes, feedback = {}, {}, set()
    for path in sorted(glob.glob(folder + "/.scale/rollout/log/segment-*.log")):
        for line in open(path, "rb").read().split(b"\n"):
            try:
                record = json.loads(line[9:])
            except ValueError:
                continue  # a torn tail
            if record["type"] == "admit":
                admits[record["client_request_id"]] = record["request_id"]
            if record["type"] == "finish":
                finishes[record["request_id"]] = record["outcome"]
            if record["type"] == "feedback":
                feedback.add(record["id"])
    return admits, finishes, feedback


def lost(folder, told):
    admits, finishes, feedback = logged(folder)
    rows = [name for name in told.answers if admits.get(name) not in finishes]
    return rows, sorted(told.feedback - feedback)


def load(address, told, until, threads=8):
    stop = threading.Event()
    clients = [threading.Thread(target=client, args=(address, number, told, stop)) for number in range(threads)]
    for thread in clients:
        thread.start()
    until()
    stop.set()
    for thread in clients:
        thread.join()


# --- Killed under load.
make_pass("killed")
told = Acknowledged()
for number in range(rounds):
    gateway, address = start("killed")
    before = len(told.answers)
    def kill():
        # At a moment that the load decides, different each time.
        while len(told.answers) < before + 20 + 7 * (number % 11):
            time.sleep(0.001)
        gateway.kill()
        gateway.wait()
    load(address, told, kill)
rows, feedback = lost("killed", told)
print(f"killed {rounds} times under load: {len(told.answers)} answers and {len(told.feedback)} feedback acknowledged, "
      f"{len(rows)} and {len(feedback)} lost")
assert not rows and not feedback, (rows[:5], feedback[:5])
gateway, address = start("killed")
status = json.loads(subprocess.run([scale, "evaluate", "status", "--dir", "killed", "--json"], capture_output=True).stdout)
finished = sum(1 for _ in logged("killed")[1])
assert sum(status["arms"][arm]["requests"] for arm in ("original", "candidate")) == finished, (status["arms"], finished)
gateway.terminate()
gateway.wait()

# --- A disk that fills up: no file may grow beyond the limit. Every client gets its rows or a 503.
make_pass("full")
told = Acknowledged()
gateway, address = start("full", 400_000)
def full():
    while told.refused < 50:
        time.sleep(0.01)
load(address, told, full)
connection = http.client.HTTPConnection(address, timeout=10)
connection.request("POST", "/v1/chat/completions", '{"model":"m"}')
reply = connection.getresponse()
error = json.loads(reply.read())["error"]
assert reply.status == 503 and reply.headers["retry-after"] and error["type"] == "server_error", (reply.status, error)
gateway.kill()
gateway.wait()
rows, feedback = lost("full", told)
print(f"full disk: {len(told.answers)} answers acknowledged, {told.refused} refused with 503, {len(rows)} lost")
assert told.answers and not rows and not feedback
gateway, address = start("full")  # room again
told = Acknowledged()
load(address, told, lambda: [time.sleep(0.01) for _ in iter(lambda: len(told.answers) >= 100, True)])
assert not any(lost("full", told))

# --- Bad clients hold bounded memory, and others are served beside them.
def memory():
    return int(next(line for line in open(f"/proc/{gateway.pid}/status") if line.startswith("VmRSS")).split()[1])
host, port = address.split(":")
before = memory()
held = []
for number in range(1000):
    bad = socket.create_connection((host, int(port)))
    bad.sendall([b"", b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 4000,
                 b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"{" * 1000][number % 3])
    held.append(bad)
oversized = socket.create_connection((host, int(port)))
oversized.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
assert b" 413 " in oversized.recv(4096).split(b"\r\n")[0]
told = Acknowledged()
load(address, told, lambda: [time.sleep(0.01) for _ in iter(lambda: len(told.answers) >= 100, True)])
grown = memory() - before
print(f"1000 half-open clients: {grown} KiB more, others are served")
assert grown < 64 * 1024, grown
gateway.terminate()
assert gateway.wait() == 0
PYTHON
python3 faults.py "$SCALE" "${ROUNDS:-50}" || fail "see above"
echo "all checks passed"
