"""A print host made for tests: the HTTP and WebSocket side of one, without a printer.

It keeps a runtime file like a real host. What it answers and how the print goes on is set by the test
through attributes; every request is kept in `requests`.
"""

import base64
import hashlib
import json
import os
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(payload, opcode=1):
    head = bytes([0x80 | opcode])
    n = len(payload)
    if n < 126:
        return head + bytes([n]) + payload
    return head + b"\x7e" + struct.pack(">H", n) + payload


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_any(self):
        host = self.server.host
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if self.headers.get("X-Api-Key") != host.key:
            return self.answer(403, {"error": {"code": "unauthorised", "field": None,
                                               "message": "the key is not known here"}})
        if self.headers.get("Upgrade") == "websocket":
            return self.feed(host)
        with host.lock:
            host.requests.append((self.command, self.path, body))
        status, doc = host.answer(self.command, self.path, body)
        self.answer(status, doc)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

    def answer(self, status, doc):
        text = b"" if doc is None else doc if isinstance(doc, bytes) else json.dumps(doc).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        try:
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass  # who asked is gone

    def feed(self, host):
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept).decode())
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        with host.lock:
            host.feeds.append(self.connection)
            self.connection.sendall(frame(host.status_event()))
        try:
            while self.rfile.read(1):
                pass
        except OSError:
            pass
        with host.lock:
            if self.connection in host.feeds:
                host.feeds.remove(self.connection)


class FakeHost:
    def __init__(self, runtime, name="mk3"):
        self.name, self.runtime, self.key = name, runtime, "secret-of-" + name
        self.lock = threading.RLock()
        self.requests, self.feeds = [], []
        self.replies = {}  # (method, path) -> (status, doc) or a function of the body
        self.runs = []
        self.lines = []
        self.status = {
            "name": name, "profile": "virtual", "version": "0.1.0", "now_ms": 1000000, "state": "operational",
            "error": None, "bed": "clear", "job": None, "question": None, "questions": [], "waiting_for": None,
            "temperatures": {"tool0": {"actual": 209.8, "target": 210.0},
                             "bed": {"actual": 24.1, "target": 0.0}},
            "link": {"device": "/dev/ttyACM0", "port": "/dev/ttyACM0", "baud": 115200,
                     "firmware": "Marlin 2.1.2", "machine": "MK3S", "uuid": None, "lines": 52113,
                     "resends": 0, "underruns": 4, "window": 4, "ack_p50_us": 1234, "ack_p99_us": 5678}}
        self.server = None
        self.start()

    def start(self, port=0):
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.host = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.write_runtime_file()

    def write_runtime_file(self, pid=None):
        path = os.path.join(self.runtime, self.name + ".json")
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            json.dump({"url": self.url, "pid": pid or os.getpid(), "key": self.key, "name": self.name}, out)

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.drop_feeds()

    def drop_feeds(self):
        with self.lock:
            for connection in self.feeds:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.feeds.clear()

    def status_event(self):
        return json.dumps(dict(self.status, type="status")).encode()

    def emit(self, event=None, **changes):
        """Changes the status and tells the feeds, by an event or by the whole status."""
        with self.lock:
            self.status.update(changes)
            text = self.status_event() if event is None else json.dumps(event).encode()
            for connection in list(self.feeds):
                try:
                    connection.sendall(frame(text))
                except OSError:
                    pass  # its reader takes it off the list

    def answer(self, method, path, body):
        reply = self.replies.get((method, path.split("?")[0]))
        if callable(reply):
            return reply(body)
        if reply is not None:
            return reply
        with self.lock:
            if path == "/api/v1/status":
                return 200, dict(self.status)
            if path.startswith("/api/v1/runs"):
                return 200, {"runs": list(self.runs)}
            if path in ("/api/v1/terminal", "/api/v1/log"):
                return 200, {"lines": list(self.lines)}
            if method == "PUT" and path.startswith("/api/v1/files/"):
                return 201, {"name": path[len("/api/v1/files/"):], "size_bytes": len(body),
                             "sha256": hashlib.sha256(body).hexdigest(), "uploaded_ms": 1000,
                             "analysis": {"commands": 20123, "lines": 20500, "time_ms": 4320000,
                                          "slicer_time_ms": None, "layers": 120, "layer_height_mm": 0.2,
                                          "filament_mm": {"tool0": 3210.5}, "slicer": "PrusaSlicer 2.5.0",
                                          "printer": "MK3S", "material": "PLA"}}
            if method == "POST":
                return 200, dict(self.status)
        return 404, {"error": {"code": "not_found", "message": "there is nothing at " + path, "field": None}}
