"""A server with OpenAI's API that lacks something, for tests of who asks it. Prints its port.

  half_server.py once      answers as asked to stream, but all at once when it has ended
  half_server.py whole     answers without streaming
  half_server.py short     ends its answers early
  half_server.py other     counts a prompt's tokens as another model does
  half_server.py dies      streams well until its third answer, which breaks off
"""
import http.server
import json
import sys
import time


class Half(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = 0

    def log_message(self, *_):
        pass

    def send(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send(json.dumps({"data": [{"id": "half"}]}).encode())

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokens = asked["max_tokens"] - (1 if mode == "short" and asked["max_tokens"] > 1 else 0)
        # The test model's tokenizer is not here; what the tests' workload asks for is.
        usage = {"prompt_tokens": 99 if mode == "other" else 16, "completion_tokens": tokens}
        if mode == "whole":
            return self.send(json.dumps({"choices": [{"text": "a" * tokens}], "usage": usage}).encode())
        events = [{"choices": [{"text": "a", "finish_reason": None}]} for _ in range(tokens)]
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in [*events, {"choices": [], "usage": usage}]]
        lines.append(b"data: [DONE]\n\n")
        Half.answers += 1
        if mode == "once":
            return self.send(b"".join(lines), "text/event-stream")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(sum(map(len, lines))))
        self.end_headers()
        for line in lines:
            if mode == "dies" and Half.answers > 2:
                self.close_connection = True
                return
            self.wfile.write(line)
            self.wfile.flush()
            time.sleep(0.002)


if __name__ == "__main__":
    mode = sys.argv[1]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Half)
    print(server.server_port, flush=True)
    server.serve_forever()
