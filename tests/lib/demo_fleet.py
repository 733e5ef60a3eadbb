#!/usr/bin/python3
"""tools/demo --fleet N: N hosts with N virtual printers on one local network share twenty jobs.

Each host runs in a network namespace of its own; nothing tells it of the others. The first one is where the
jobs are submitted; it prints none and is switched off when they are all in the shared queue. Two others are
killed while they print, and started again. What was printed is judged by what the virtual printers executed.
"""
import os
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fleet import Away, Fleet, run_privileged, write_part  # noqa: E402

CONFIG = """\
queues:
  LAN:
    key: shed demo
"""
JOBS = 20
MOVES = 900
SPEED = "12"
PATIENCE_S = 400


def say(text):
    print("demo: " + text, flush=True)


class Table:
    """A line a host, drawn over the last one where that can be done."""

    def __init__(self):
        self.lines, self.last, self.tty = 0, 0.0, sys.stdout.isatty()

    def show(self, head, rows):
        if not self.tty and time.monotonic() < self.last + 10:
            return
        self.last = time.monotonic()
        if self.tty and self.lines:
            sys.stdout.write(f"\033[{self.lines}F\033[J")
        text = [f"  {head}"]
        for row in rows:
            text.append("    {:<8} {:<12} {:<12} {:>4}  {}".format(*row))
        self.lines = len(text)
        print("\n".join(text), flush=True)

    def keep(self):
        self.lines = 0


def look(node, manage):
    """(name, state, doing what, percent, note) of a host, as its own API tells."""
    if node.host is None:
        return (node.name, "off", "", "", "")
    status = node.attend(manage)
    if status is None:
        return (node.name, "starting", "", "", "")
    job = status.get("job") or {}
    name = job.get("file_name") or ""
    percent = f"{job['percent']:.0f}%" if name and job.get("percent") is not None else ""
    return (node.name, status["state"], name, percent, "")


def queue_of(fleet):
    """The shared queue by whoever answers: (jobs left, name of the leader, hosts)."""
    for node in fleet.nodes:
        if node.host is None:
            continue
        try:
            left = node.ask("GET", "jobs?queue=LAN", timeout=5)["total"]
            queue = next(q for q in node.ask("GET", "queues", timeout=5)["queues"] if q["name"] == "LAN")
            leader = queue["leader"]["name"] if queue.get("leader") else "none"
            return left, leader, queue["peers"]["count"]
        except (Away, RuntimeError, KeyError, StopIteration):
            continue
    return None, "none", 0


def submit(node, folder):
    """Twenty jobs into the host's local queue, and from there into the shared one, as people do it."""
    parts = {}
    for i in range(JOBS):
        path = os.path.join(folder, f"part{i}.gcode")
        parts[f"part{i}.gcode"] = write_part(path, i, MOVES)
        with open(path, "rb") as f:
            node.ask("PUT", f"files/part{i}.gcode", f.read())
    for i in range(JOBS):
        job = node.ask("POST", "jobs", {"name": f"job {i}", "draft": False,
                                        "sets": [{"path": f"part{i}.gcode", "profiles": ["virtual"]}]})
        node.ask("POST", f"jobs/{job['id']}/move", {"queue": "LAN"}, timeout=60)
    return parts


def judge(fleet, parts):
    """How often each part was printed whole, by whom; what else was printed."""
    counts, by, strange = dict.fromkeys(parts, 0), {}, 0
    of = {tuple(commands): name for name, commands in parts.items()}
    for node in fleet.nodes:
        for commands in node.prints():
            name = of.get(tuple(commands))
            if name is None:
                strange += 1
            else:
                counts[name] += 1
                by[node.name] = by.get(node.name, 0) + 1
    return counts, by, strange


def play(fleet, folder):
    """0 when all was printed exactly once."""
    first, rest = fleet.nodes[0], fleet.nodes[1:]
    begin = time.monotonic()
    say(f"starting {len(fleet.nodes)} hosts with a virtual printer each, in {len(fleet.nodes)} network namespaces")
    fleet.start_all("--speed", SPEED, "--heat", "100000")
    say("they look for each other (nobody is told of anybody)")
    fleet.wait(lambda: all((lambda q: q[2])(queue_of(Only(n))) == len(fleet.nodes) for n in fleet.nodes),
               "the hosts find each other", 60)
    left, leader, hosts = queue_of(fleet)
    say(f"{hosts} hosts in one queue, locked by a key, after {time.monotonic() - begin:.0f} s; {leader} leads")
    parts = submit(first, folder)
    say(f"{JOBS} jobs submitted at {first.name}, which prints none of them; switching it off")
    first.stop()
    for node in rest:
        node.clear_by_script()
    table, killed, back, end = Table(), [], {}, time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        left, leader, hosts = queue_of(fleet)
        rows = [look(node, node is not first) for node in fleet.nodes]
        table.show(f"{left} jobs left, {leader} leads", rows)
        printing = [n for n, row in zip(fleet.nodes, rows) if row[1] == "printing"]
        if left is not None and left <= JOBS - 4 and not killed and len(printing) >= 2:
            killed = printing[:2]
            table.keep()
            say("killing " + " and ".join(n.name for n in killed) + ", which print")
            for node in killed:
                node.kill()
                back[node] = time.monotonic() + 4
        for node, when in list(back.items()):
            if time.monotonic() >= when:
                del back[node]
                table.keep()
                say(f"starting {node.name} again")
                node.start()
        if left == 0 and killed and not back:
            break
        time.sleep(0.3)
    table.keep()
    return report(fleet, parts, begin)


class Only:
    """One node, looked at as a fleet."""

    def __init__(self, node):
        self.nodes = [node]


def report(fleet, parts, begin):
    time.sleep(2)
    for node in fleet.nodes:
        node.stop()
        node.stop_printer()
    counts, by, strange = judge(fleet, parts)
    once = sum(1 for c in counts.values() if c == 1)
    print()
    for name in sorted(by):
        print(f"  {name:<10} printed {by[name]}")
    print(f"  jobs                {len(parts)}")
    print(f"  printed once        {once}")
    print(f"  never               {sum(1 for c in counts.values() if c == 0)}")
    print(f"  more than once      {sum(1 for c in counts.values() if c > 1)}")
    print(f"  other prints        {strange}\n")
    if once != len(parts) or strange:
        say("that is not what was asked for")
        return 1
    say(f"all well after {time.monotonic() - begin:.0f} s")
    return 0


def main():
    hosts = int(sys.argv[1])
    keep = "--keep" in sys.argv
    run_privileged()
    folder = tempfile.mkdtemp(prefix="pphost-fleet.")
    try:
        with Fleet(folder, hosts, CONFIG) as fleet:
            return play(fleet, folder)
    except (RuntimeError, Away) as e:
        say(f"failed: {e}")
        keep = True
        return 1
    finally:
        if keep:
            say("kept: " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
