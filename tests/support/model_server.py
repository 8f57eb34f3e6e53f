"""A server with OpenAI's API that answers at once, for tests of what stands in front of it. Prints its port.

  model_server.py NAME [CERTIFICATE KEY [CLIENT_AUTHORITY]]

Answers hold NAME. GET /served gives how many requests it has answered and when the last one came (seconds, monotonic
clock of this machine).
"""
import http.server
import json
import ssl
import sys
import threading
import time


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the acknowledgement of the head
    name, served, last, lock = "", 0, 0.0, threading.Lock()

    def log_message(self, *_):
        pass

    def send(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.send({"served": Model.served, "last": Model.last} if self.path == "/served" else {})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with Model.lock:
            Model.served += 1
            Model.last = time.monotonic()
            number = Model.served
        head = {"id": f"chatcmpl-{Model.name}-{number}", "object": "chat.completion", "model": asked.get("model")}
        if not asked.get("stream"):
            return self.send({**head, "choices": [{"index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": "I am " + Model.name}}], "usage": {"prompt_tokens": 1, "completion_tokens": 3}})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        words = [json.dumps({**head, "choices": [{"index": 0, "delta": {"content": word}}]}) for word in ("I am", Model.name)]
        for event in [*words, "[DONE]"]:
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # clients that go away


def serve():
    Model.name = sys.argv[1]
    server = Server(("127.0.0.1", 0), Model)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        if len(sys.argv) > 4:
            context.load_verify_locations(sys.argv[4])
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
