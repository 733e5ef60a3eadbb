#!/usr/bin/python3
"""moves_killed.py [MOVES [SEED]]: jobs move to a network queue and back; their host is killed meanwhile.

Three hosts in network namespaces. One job after the other goes from a host's local queue into the shared one or
back, and within half a second that host gets SIGKILL and is started again. When its move is over, the job must be
in exactly one queue of all of them, with its files, counters and name, free to be printed.
"""
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fleet import Away, Fleet, run_privileged, write_part  # noqa: E402

CONFIG = "queues:\n  LAN:\n    key: moves that are killed\n"
COUNT = 3
SETTLE_S = 60


def patient(node, *request, seconds=30):
    """What it answers, as soon as it does."""
    end = time.monotonic() + seconds
    while True:
        try:
            return node.ask(*request, timeout=5)
        except Away:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def jobs_of(node, queue):
    return {job["id"]: job for job in patient(node, "GET", f"jobs?queue={queue}")["jobs"]}


def joined(node, hosts):
    try:
        queue = next(q for q in node.ask("GET", "queues", timeout=5)["queues"] if q["name"] == "LAN")
        return queue["peers"]["count"] == hosts and queue.get("leader")
    except (Away, RuntimeError, KeyError, StopIteration):
        return False


def places(fleet, job):
    """Where it is: the local queues of hosts, and the shared one as each of them sees it."""
    local = [node.name for node in fleet.nodes if job in jobs_of(node, "local")]
    shared = [job in jobs_of(node, "LAN") for node in fleet.nodes]
    return local, shared


def is_settled(fleet, job):
    for node in fleet.nodes:
        try:
            if node.ask("GET", "peers", timeout=5)["moves"]:
                return False
        except (Away, RuntimeError):
            return False
    _, shared = places(fleet, job)
    return all(shared) or not any(shared)


def check(fleet, job, node):
    local, shared = places(fleet, job)
    if len(local) + all(shared) != 1:
        raise RuntimeError(f"job {job} is in {local} and {'' if all(shared) else 'not '}in the shared queue")
    found = jobs_of(node, "local" if local else "LAN")[job]
    wrong = [name for name, value in (("count", COUNT), ("remaining", COUNT), ("draft", False)) if found[name] != value]
    if wrong or len(found["sets"]) != 2 or found.get("moving"):
        raise RuntimeError(f"job {job} is not as it was: {found}")
    return "local" if local else "LAN"


def begin(node, job, to):
    """Asks for the move; the answer does not matter, the host may be gone before it."""
    def ask():
        try:
            node.ask("POST", f"jobs/{job}/move", {"queue": to}, timeout=40)
        except (Away, RuntimeError):
            pass
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def play(fleet, folder, moves, seed):
    chance = random.Random(seed)
    mover = fleet.nodes[0]
    fleet.start_all("--speed", "100")
    fleet.wait(lambda: all(joined(n, len(fleet.nodes)) for n in fleet.nodes), "the hosts find each other", 60)
    for i in range(2):
        path = os.path.join(folder, f"part{i}.gcode")
        write_part(path, i, 20000)
        with open(path, "rb") as f:
            mover.ask("PUT", f"files/part{i}.gcode", f.read())
    sets = [{"path": f"part{i}.gcode", "profiles": ["virtual"]} for i in range(2)]
    job = mover.ask("POST", "jobs", {"name": "moved", "count": COUNT, "draft": False, "sets": sets})["id"]
    where, stayed = "local", 0
    for i in range(moves):
        to = "LAN" if where == "local" else "local"
        thread = begin(mover, job, to)
        time.sleep(chance.choice((0.03, 0.1, 0.5)) * chance.random())
        mover.kill()
        mover.start()
        thread.join()
        fleet.wait(lambda: is_settled(fleet, job), f"move {i} to {to} is over", SETTLE_S)
        now = check(fleet, job, mover)
        stayed += now == where
        where = now
        fleet.wait(lambda: joined(mover, len(fleet.nodes)), "it is back", 60)
        if (i + 1) % 10 == 0:
            print(f"moves_killed: {i + 1} moves, {stayed} of them had not begun", flush=True)
    for part in range(2):
        mover.ask("GET", "status")
        if not any(f["name"].endswith(f"part{part}.gcode") for f in patient(mover, "GET", "files")["files"]):
            raise RuntimeError(f"part{part}.gcode is gone")
    if stayed > moves * 2 // 3:
        raise RuntimeError(f"only {moves - stayed} of {moves} moves had begun")
    print(f"moves_killed: {moves} moves, killed in each: nothing lost, nothing twice ({stayed} had not begun)")


def main():
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    run_privileged()
    folder = tempfile.mkdtemp(prefix="pphost-moves.")
    try:
        with Fleet(folder, 3, CONFIG) as fleet:
            play(fleet, folder, moves, seed)
    except (RuntimeError, Away) as e:
        print(f"moves_killed: {e} (kept: {folder})")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
