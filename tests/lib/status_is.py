#!/usr/bin/env python3
"""Waits until the status of the host in a runtime directory says something; exits 1 when the time is over.

    status_is.py DIR SECONDS PATH OP VALUE      PATH as "job.lines", OP one of = != < > >=

One process that asks again and again: programs that are started anew for each look cost a test more than
what it tests. The host may be started, killed or not there meanwhile.
"""
import json
import os
import socket
import sys
import time

PERIOD_S = 0.03


def document(folder):
    """The status, None while nobody answers."""
    try:
        names = [n for n in os.listdir(folder) if n.endswith(".json")]
        if len(names) != 1:
            return None
        with open(os.path.join(folder, names[0]), encoding="utf-8") as f:
            host = json.load(f)
        place, port = host["url"].split("//")[1].rsplit(":", 1)
        with socket.create_connection((place.strip("[]"), int(port)), timeout=5) as s:
            s.sendall(f"GET /api/v1/status HTTP/1.1\r\nHost: {place}:{port}\r\nConnection: close\r\n"
                      f"X-Api-Key: {host['key']}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        head, body = answer.split(b"\r\n\r\n", 1)
        return json.loads(body) if b" 200 " in head.split(b"\r\n")[0] else None
    except (OSError, ValueError, KeyError, IndexError):
        return None


def at(value, path):
    for key in path.split("."):
        if key == "length":
            value = len(value)
        else:
            value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def holds(got, op, wanted):
    if op in ("=", "!="):
        return ((got if isinstance(got, str) else json.dumps(got)) == wanted) == (op == "=")
    number = float(wanted)
    return {"<": got < number, ">": got > number, ">=": got >= number}[op]


def main():
    folder, seconds, path, op, wanted = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    while True:
        try:
            if holds(at(document(folder), path), op, wanted):
                return 0
        except (TypeError, KeyError, IndexError):
            pass  # nobody answers, or there is no such thing now
        if time.monotonic() >= end:
            return 1
        time.sleep(PERIOD_S)


sys.exit(main())
