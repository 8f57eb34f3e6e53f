# Two gateways of one rollout on a real PostgreSQL, on the real binary: a rollback on one reaches the other, one is killed
# under load, the database goes and comes back. Prints what it measured; asserts what happened.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null || skip "no python3"
[ -x /usr/lib/postgresql/15/bin/postgres ] || skip "no PostgreSQL 15"
cat >replicas.py <<'PYTHON'
import http.client, json, os, pwd, shutil, signal, subprocess, sys, tempfile, threading, time

scale, source = sys.argv[1], sys.argv[2]
sys.path.insert(0, source + "/tests/support")
from gated_pass import make_pass
programs = "/usr/lib/postgresql/15/bin/"


class Database:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="scale-pg")
        self.user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.run("initdb", "-D", self.folder + "/data", "-U", "scale", "-A", "trust", "-N").wait()
        self.start()

    def run(self, program, *arguments):
        return subprocess.Popen([programs + program, *arguments], stdout=open("postgres.log", "ab"),
                                stderr=subprocess.STDOUT, cwd="/", **self.user)

    def start(self):
        self.server = self.run("postgres", "-D", self.folder + "/data", "-k", self.folder, "-c", "listen_addresses=")
        until(lambda: self.ask("SELECT 1"), "PostgreSQL did not start")

    def ask(self, statement):
        done = subprocess.run([programs + "psql", "-h", self.folder, "-U", "scale", "-d", "postgres", "-Atc", statement],
                              capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    def stop(self):
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait()


def until(holds, message, seconds=30):
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            raise SystemExit("FAILED: " + message)
        time.sleep(0.002)
    return time.monotonic() - begun


def model(name):
    server = subprocess.Popen([sys.executable, source + "/tests/support/model_server.py", name], stdout=subprocess.PIPE)
    return server, int(server.stdout.readline())


class Gateway:
    def __init__(self, name):
        self.folder = name

    def start(self):
        self.process = subprocess.Popen([scale, "evaluate", "start", "--dir", self.folder, "--foreground", "--workers", "1"],
                                        stdout=open(self.folder + ".log", "ab"), stderr=subprocess.STDOUT)
        def listens():
            if self.process.poll() is not None:
                raise SystemExit("the gateway ended: " + open(self.folder + ".log").read()[-1500:])
            try:
                found = json.load(open(self.folder + "/.scale/rollout/gateway.json"))
            except (OSError, ValueError):
                return False
            self.address = found["address"]
            return found["pid"] == self.process.pid
        until(listens, "the gateway does not listen")
        return self

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, json.loads(text)

    def chat(self, user):
        return self.ask("POST", "/v1/chat/completions", {"model": "m", "user": user, "messages": []})

    def arm(self, user):
        status, answer = self.chat(user)
        assert status == 200, (status, answer)
        return answer["choices"][0]["message"]["content"].removeprefix("I am ")

    def status(self):
        return self.ask("GET", "/scale/v1/status")[1]

    def open(self):
        return self.status()["share_ppm"] > 0


def users_of(gateway, arm, count, prefix):
    found = []
    for number in range(100 * count):
        if len(found) == count:
            break
        if gateway.arm(f"{prefix}-{number}") == arm:
            found.append(f"{prefix}-{number}")
    return found


def served(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/served")
    return json.loads(connection.getresponse().read())


database = Database()
servers = [model("original"), model("candidate")]
try:
    rollout = f'''steps = [500000]
listen = "127.0.0.1:0"
original_url = "http://127.0.0.1:{servers[0][1]}"
candidate_url = "http://127.0.0.1:{servers[1][1]}"
database = "host={database.folder} dbname=postgres user=scale"
lease_seconds = 2
guardrails = ["thumbs_down"]
durability = "strict"
'''
    for name in ("first", "second"):
        make_pass(name, rollout)
    first, second = Gateway("first").start(), Gateway("second")
    refused = subprocess.run([scale, "evaluate", "start", "--dir", "second"], capture_output=True, text=True)
    assert refused.returncode == 5 and "another salt" in refused.stderr, refused
    shutil.copy("first/.scale/rollout/salt", "second/.scale/rollout/salt")
    second.start()
    for gateway in (first, second):
        until(gateway.open, "the slice does not open")

    # Users are assigned alike, and everybody counts once.
    for number in range(30):
        assert first.arm(f"u{number}") == second.arm(f"u{number}"), number
    count = lambda gateway: sum(gateway.status()["arms"][arm]["users"] for arm in ("original", "candidate"))
    until(lambda: count(first) == count(second) == 30, "the gateways do not count alike")

    # One is killed under load: what it acknowledged is counted by the other, once.
    acknowledged, stop = set(), threading.Event()
    def load():
        number = 0
        while not stop.is_set():
            try:
                if first.chat(f"load-{number}")[0] == 200:
                    acknowledged.add(f"load-{number}")
                number += 1
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.01)
    loader = threading.Thread(target=load)
    loader.start()
    until(lambda: len(acknowledged) > 200, "no load")
    first.process.kill()
    first.process.wait()
    stop.set()
    loader.join()
    assert second.arm("somebody") in ("original", "candidate")
    first.start()
    # The last answer may have been logged and not read by its client.
    wanted = 31 + len(acknowledged)
    until(lambda: wanted <= count(second) <= wanted + 1 and count(first) == count(second), f"{count(first)}, {count(second)} of {wanted}")
    print(f"killed under load: {len(acknowledged)} answers acknowledged, all of them counted by both gateways")

    # The database goes: within the lease everybody gets the original; it comes back, and so does the slice.
    until(first.open, "the slice does not open again")
    mine = users_of(first, "candidate", 3, "mine")
    begun = time.monotonic()
    database.stop()
    until(lambda: first.arm(mine[0]) == second.arm(mine[0]) == "original", "the candidate serves without the database")
    print(f"without the database everybody had the original after {time.monotonic() - begun:.2f} s, with a lease of 2 s (measured)")
    last = served(servers[1][1])["served"]
    answers = [first.chat(user) for user in mine * 5]
    assert all(status == 200 for status, _ in answers)
    assert served(servers[1][1])["served"] == last, "the candidate was asked without the database"
    database.start()
    for gateway in (first, second):
        until(gateway.open, "the slice does not open again")
    assert first.arm(mine[0]) == second.arm(mine[0]) == "candidate"

    # A rollback on one reaches the other. Candidate users ask the second one all the time.
    theirs, stop = users_of(second, "candidate", 8, "theirs"), threading.Event()
    def ask_on():
        while not stop.is_set():
            for user in theirs:
                assert second.chat(user)[0] == 200
    askers = [threading.Thread(target=ask_on) for _ in range(2)]
    for asker in askers:
        asker.start()
    time.sleep(0.5)
    begun = time.monotonic()
    done = subprocess.run([scale, "rollback", "--dir", "first", "--because", "a test"], capture_output=True, text=True)
    assert done.returncode == 0 and "other gateways" in done.stdout, done
    answered = time.monotonic()
    until(lambda: second.status()["state"]["status"] == "rolled_back", "the rollback did not reach the second gateway")
    time.sleep(0.5)
    stop.set()
    for asker in askers:
        asker.join()
    last = served(servers[1][1])["last"]
    print(f"rollback on one gateway: the command took {answered - begun:.3f} s, the other gateway's last request to the "
          f"candidate came {max(0.0, last - begun):.3f} s after its start (measured)")
    for gateway in (first, second):
        assert gateway.arm(mine[0]) == "original" and not gateway.open()
    kinds = [json.loads(line)["kind"] for line in open("second/.scale/record.jsonl")]
    assert kinds.count("rolled_back") == 1, kinds

    # The latch holds for gateways that come later.
    make_pass("later", rollout)
    os.makedirs("later/.scale/rollout")
    shutil.copy("first/.scale/rollout/salt", "later/.scale/rollout/salt")
    refused = subprocess.run([scale, "evaluate", "start", "--dir", "later"], capture_output=True, text=True)
    assert refused.returncode == 5 and "was rolled back, says the database: a test" in refused.stderr, refused
    for gateway in (first, second):
        gateway.process.terminate()
        assert gateway.process.wait() == 0
finally:
    for server, _ in servers:
        server.kill()
    database.server.send_signal(signal.SIGQUIT)
    database.server.wait()
    shutil.rmtree(database.folder, ignore_errors=True)
PYTHON
timeout 300 python3 replicas.py "$SCALE" "$SOURCE" || fail "see above"
echo "all checks passed"
