"""A virtual printer and a pphost for one run of a benchmark, each in a folder of its own."""
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from benchlib import ROOT, Process, wait_until

BIN = os.path.join(ROOT, "build", "release")


class Printer:
    """A ppvirtual for one run, and its report afterwards."""

    def __init__(self, folder, baud, *options, name="printer"):
        # Heaters are hot at once: a wait for them is not the sender's.
        self.link = os.path.join(folder, name)
        self.report_path = os.path.join(folder, name + ".json")
        for path in (self.link, self.report_path):
            if os.path.lexists(path):
                os.unlink(path)
        argv = [os.path.join(BIN, "ppvirtual"), "--link", self.link, "--baud", str(baud),
                "--heat", "100000", "--report", self.report_path, *options]
        self.process = Process(argv, os.path.join(folder, name + ".log"))
        wait_until(10, "ppvirtual", lambda: self.process.alive() and os.path.exists(self.link))

    def report(self):
        self.process.stop()
        with open(self.report_path, encoding="utf-8") as f:
            return json.load(f)


class Host:
    """A pphost for one run, driven through its HTTP interface."""

    def __init__(self, folder, printer, baud, profiles=None, patience_s=20, ready=("operational",)):
        profiles = profiles or os.path.join(ROOT, "profiles")
        self.env = dict(os.environ, PPHOST_RUNTIME=os.path.join(folder, "run"), HOME=folder,
                        XDG_CONFIG_HOME=folder, XDG_STATE_HOME=folder)
        data = os.path.join(folder, "data")
        shutil.rmtree(data, ignore_errors=True)
        os.makedirs(self.env["PPHOST_RUNTIME"], mode=0o700, exist_ok=True)
        self.argv = [os.path.join(BIN, "pphost"), "--name", "bench", "--profile", "virtual",
                     "--profiles", profiles, "--data", data, "--no-network", "--baud", str(baud),
                     printer.link]
        self.log = os.path.join(folder, "pphost.log")
        self.start()
        wait_until(patience_s, "pphost", lambda: self.process.alive() and self.state() in ready, 0.1)

    def start(self):
        """Again, over what the last one left; returns at once."""
        self.process = Process(self.argv, self.log, self.env)
        self.pid = self.process.pid

    def kill(self):
        self.process.child.kill()
        self.process.child.wait()

    def ctl(self, *arguments):
        return subprocess.run([os.path.join(BIN, "ppctl"), *arguments], env=self.env, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)

    def request(self, method, path, body=None):
        with open(os.path.join(self.env["PPHOST_RUNTIME"], "bench.json"), encoding="utf-8") as f:
            here = json.load(f)
        request = urllib.request.Request(here["url"] + path, data=body, method=method)
        request.add_header("X-Api-Key", here["key"])
        request.add_header("Content-Type", "application/octet-stream" if method == "PUT" else "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise RuntimeError(f"{method} {path}: {e.read().decode()}") from e

    def status(self):
        return self.request("GET", "/api/v1/status")

    def state(self):
        try:
            return self.status()["state"]
        except OSError:
            return None  # not yet there

    def upload(self, path):
        with open(path, "rb") as f:
            self.request("PUT", "/api/v1/files/" + os.path.basename(path), f.read())

    def print(self, path):
        body = json.dumps({"file": os.path.basename(path), "bed_clear": True})
        self.request("POST", "/api/v1/print", body.encode())
