"""A fleet on one machine: hosts with virtual printers, each in a network namespace of its own.

    with Fleet(folder, 5) as fleet:
        fleet.start_all()
        fleet.nodes[0].ask("POST", "jobs", {...})

A bridge joins the namespaces; this process is on it too (address .254) and talks to their APIs. Nodes of
another `segment` are on another bridge: no multicast reaches them, only what is routed. Needs root, or
user namespaces: run_privileged() starts the calling program again in one where it must.
"""
import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("PP_BIN", os.path.join(SOURCE, "build", "release"))


def run(*command, check=True):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout.strip()}")
    return done


def run_privileged():
    """Namespaces need root. Without it this program is started again as root of a user namespace."""
    if os.geteuid() == 0:
        if os.environ.get("PP_FLEET_NS") == "user":
            run("mount", "-t", "tmpfs", "tmpfs", "/run")
            run("ip", "link", "set", "lo", "up")
        return
    if os.environ.get("PP_FLEET_NS") or shutil.which("unshare") is None:
        sys.exit("network namespaces need root, or user namespaces (unshare -Urnm)")
    os.environ["PP_FLEET_NS"] = "user"
    os.execvp("unshare", ["unshare", "-Urnm", sys.executable] + sys.argv)


# What a host sends beside a file.
NO_PART = {"M105", "M110", "M113", "M114", "M115", "M117", "M118", "M154", "M155", "M27", "M73", "M876", "M75", "M76"}


class Away(Exception):
    """The host does not answer."""


class Segment:
    """One local network: a bridge."""

    def __init__(self, fleet, number):
        self.fleet, self.number = fleet, number
        self.bridge = f"{fleet.tag}b{number}"
        self.net = f"10.{77 + number}.{fleet.salt}"
        run("ip", "link", "add", self.bridge, "type", "bridge")
        # Snooping would keep groups nobody has asked for from going around.
        run("ip", "link", "set", self.bridge, "type", "bridge", "mcast_snooping", "0")
        run("ip", "addr", "add", f"{self.net}.254/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def close(self):
        run("ip", "link", "del", self.bridge, check=False)


class Node:
    """A host and its printer."""

    def __init__(self, fleet, number, segment, name=None):
        self.fleet, self.number, self.segment = fleet, number, segment
        self.name = name or f"host{number}"
        self.ns = f"{fleet.tag}n{number}"
        self.veth = f"{fleet.tag}v{number}"
        self.address = f"{segment.net}.{number + 1}"
        self.folder = os.path.join(fleet.folder, self.name)
        self.runtime = os.path.join(self.folder, "run")
        self.config = os.path.join(self.folder, "pphost.yaml")
        self.printer = self.host = None
        self.wrap = []  # what the host is started by
        self.key = None
        self.hosts = None  # a file that is its /etc/hosts
        os.makedirs(self.runtime, mode=0o700)
        run("ip", "netns", "add", self.ns)
        run("ip", "link", "add", self.veth, "type", "veth", "peer", "name", "eth0", "netns", self.ns)
        run("ip", "link", "set", self.veth, "master", segment.bridge, "up")
        self.inside("ip", "addr", "add", f"{self.address}/24", "broadcast", f"{segment.net}.255", "dev", "eth0")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "link", "set", "eth0", "up")
        self.inside("ip", "route", "add", "default", "via", f"{segment.net}.254")
        self.env = dict(os.environ, PPHOST_RUNTIME=self.runtime, XDG_CONFIG_HOME=self.folder,
                        XDG_STATE_HOME=self.folder)
        self.env.pop("PPCTL_HOST", None)

    def inside(self, *command):
        return run("ip", "netns", "exec", self.ns, *command)

    def spawn(self, log, *command):
        before = []
        if self.hosts is not None:  # "ip netns exec" gives it mounts of its own
            before = ["sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', self.hosts]
        with open(os.path.join(self.folder, log), "ab") as out:
            return subprocess.Popen(["ip", "netns", "exec", self.ns, *before, *command], env=self.env, stdout=out,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)

    # -- up and down --

    def start_printer(self, *options):
        link = os.path.join(self.folder, "printer")
        self.printer = self.spawn("printer.log", os.path.join(BIN, "ppvirtual"), "--link", link, "--baud", "250000",
                                  "--executed", os.path.join(self.folder, "executed"), "--report",
                                  os.path.join(self.folder, "report.json"), "--stamped", "--control",
                                  os.path.join(self.folder, "control"), *options)
        self.fleet.wait(lambda: os.path.exists(link), f"{self.name}: the virtual printer")

    def start(self, *options):
        """Starts the host; does not wait for it."""
        if not os.path.exists(self.config):
            with open(self.config, "w", encoding="utf-8") as f:
                f.write(self.fleet.config)
        self.host = self.spawn("pphost.log", *self.wrap, os.path.join(BIN, "pphost"), "--name", self.name, "--profile",
                               "virtual", "--profiles", os.path.join(SOURCE, "profiles"), "--baud", "250000",
                               "--listen", "0.0.0.0:8125", "--config", self.config, "--data",
                               os.path.join(self.folder, "data"), *options, os.path.join(self.folder, "printer"))

    def ready(self):
        try:
            return self.ask("GET", "status")["state"] == "operational"
        except (Away, RuntimeError, KeyError):
            return False

    def kill(self):
        """SIGKILL, as a crash."""
        self._signal(signal.SIGKILL)
        self.host = None

    def stop(self):
        """As somebody who switches it off."""
        self._signal(signal.SIGTERM)
        self.host = None

    def _signal(self, number):
        if self.host is not None and self.host.poll() is None:
            os.killpg(self.host.pid, number)
            self.host.wait(30)

    def stop_printer(self):
        if self.printer is not None and self.printer.poll() is None:
            os.killpg(self.printer.pid, signal.SIGTERM)
            self.printer.wait(15)
        self.printer = None

    def cut(self):
        run("ip", "link", "set", self.veth, "down")

    def heal(self):
        run("ip", "link", "set", self.veth, "up")
        self.inside("ip", "route", "replace", "default", "via", f"{self.segment.net}.254")

    def close(self):
        for process in (self.host, self.printer):
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        run("ip", "netns", "del", self.ns, check=False)
        run("ip", "link", "del", self.veth, check=False)

    # -- talking to it --

    def ctl(self, *arguments):
        return subprocess.run(["ip", "netns", "exec", self.ns, os.path.join(BIN, "ppctl"), *arguments], env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """The answer's document; Away when there is none; RuntimeError with a refusal's text."""
        try:
            with open(os.path.join(self.runtime, self.name + ".json"), encoding="utf-8") as f:
                key = json.load(f)["key"]
            data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
            request = urllib.request.Request(f"http://{self.address}:8125/api/v1/{path}", data=data, method=method)
            request.add_header("X-Api-Key", key)
            kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            request.add_header("Content-Type", kind)
            for name, value in (headers or {}).items():
                request.add_header(name, value)
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as e:
            raise RuntimeError(f"{self.name}: {method} {path}: {e.code} {e.read().decode(errors='replace')}") from e
        except (OSError, http.client.HTTPException, json.JSONDecodeError, KeyError) as e:
            raise Away(f"{self.name}: {method} {path}: {e}") from e

    # -- its person --

    def clear_by_script(self):
        """A script that sweeps the bed between prints, so that nobody has to be there."""
        self.ask("PUT", "scripts/swept", {"body": "M118 swept", "clears_bed": True, "description": "pushed off"})
        for moment in ("print_success", "print_failure", "print_cancel"):
            self.ask("PUT", f"events/{moment}", {"hooks": [{"script": "swept", "condition": ""}]})
        self.ask("PUT", "events/finish", {"hooks": []})

    def attend(self, manage=True):
        """Looks once: answers what is asked, starts managing where it stands still. The status, or None."""
        try:
            status = self.ask("GET", "status", timeout=5)
            for question in status["questions"]:
                answers = question.get("answers") or ["yes"]
                wanted = "no" if question["kind"] == "recover" and "no" in answers else answers[0]
                self.ask("POST", "confirm", {"id": question["id"], "answer": wanted})
            if manage and not status["manage"]["managing"] and status["state"] == "operational" \
                    and not status["questions"]:
                self.ask("POST", "manage/start", {})
            return status
        except (Away, RuntimeError):
            return None

    # -- what its printer did --

    def prints(self):
        """The commands of each print it has executed from M75 to M77, in order."""
        path, done, now = os.path.join(self.folder, "executed"), [], None
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                text = line.rstrip("\n").split(" ", 2)[-1]
                word = text.split(" ", 1)[0]
                if word == "M75" and now is None:
                    now = []
                elif word == "M77":
                    done += [now] if now is not None else []
                    now = None
                elif now is not None and word not in NO_PART and not line.split(" ", 2)[1] == "#":
                    now.append(text)
        return done


def own_number():
    """A number that no other fleet on this machine has while this one lives, and what holds it."""
    for number in range(1, 251):
        if os.path.exists(f"/sys/class/net/pp{number}b0"):  # left behind by one that was killed
            continue
        lock = open(f"/tmp/pphost-fleet.{number}.lock", "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        except OSError:
            lock.close()
    raise RuntimeError("250 fleets run on this machine already")


class Fleet:
    def __init__(self, folder, count=0, config=""):
        self.folder, self.config = folder, config
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and what was set up is taken down
        self.salt, self.lock = own_number()
        self.tag = f"pp{self.salt}"
        self.segments, self.nodes = {}, []
        os.makedirs(folder, exist_ok=True)
        for i in range(count):
            self.add(i)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def add(self, number, segment=0, name=None):
        if segment not in self.segments:
            self.segments[segment] = Segment(self, segment)
            if len(self.segments) > 1:
                with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as f:
                    f.write("1")
        node = Node(self, number, self.segments[segment], name)
        self.nodes.append(node)
        return node

    def close(self):
        for node in self.nodes:
            node.close()
        for segment in self.segments.values():
            segment.close()
        self.lock.close()

    @staticmethod
    def wait(condition, what, seconds=60.0, step=0.1):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {seconds:.0f} s")
            time.sleep(step)

    def start_all(self, *printer_options):
        for node in self.nodes:
            node.start_printer(*printer_options)
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            self.wait(node.ready, node.name)


def write_part(path, number, moves):
    """A part that no other file is like; its heaters are hot at once. Returns its commands."""
    lines = ["M104 S200", "G28", "G90", "M82", "G92 E0", f"G1 X{10 + number % 200} Y{10 + number // 200} F6000",
             "G1 Z0.2 F1200"]
    for i in range(1, moves + 1):
        lines.append(f"G1 X{20 + (i * 7 + number) % 180} Y{20 + (i * 3) % 180} E{i * 0.05 + number * 0.00001:.5f} F9000")
    lines += ["M104 S0", f"G1 X{number % 200} Y200 F9000"]
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    return lines
