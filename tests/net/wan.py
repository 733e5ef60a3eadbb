#!/usr/bin/python3
"""A queue over the internet: seven hosts, each on a network of its own behind a router, no multicast.

    wan.py farm | trouble | landing

They meet through one node of the DHT and know of each other only what a registry says: served as DNSLink,
IPNS and CID by stand-ins (tests/lib/wan_web.py). Three are its trusted peers. What was printed is judged by
what the virtual printers executed.
"""
import os
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import wan_web  # noqa: E402
from fleet import Away, Fleet, run_privileged, write_part  # noqa: E402

DHT_PORT = 6881
DOMAIN = "farm.example.test"
MOVES = 40
PRINTER = ("--speed", "12", "--heat", "100000")
PERIOD_S = 5


def say(text):
    print(f"wan: {time.monotonic() - BEGIN:5.1f} s  {text}", flush=True)


class Failed(Exception):
    """Something is not as it must be."""


def want(condition, what):
    if not condition:
        raise Failed(what)


# ---- the world --------------------------------------------------------------------------------------


class World:
    """A fleet whose hosts are on networks of their own, and what stands for the internet."""

    def __init__(self, folder):
        self.fleet = Fleet(folder)
        self.registry = wan_web.registry(os.path.join(folder, "registry"))
        say("keys, registries, blocks: " + self.registry.origin)
        self.meeting = self.fleet.add(0, 0, "meeting")  # a namespace for the DHT's node
        ip = self.meeting.segment.net + ".254"
        self.names = wan_web.Names(ip)
        self.liar = wan_web.Gateway(ip, self.registry.blocks, lies=True)
        self.gateway = wan_web.Gateway(ip, self.registry.blocks)
        self.gateways = [self.liar.url, f"http://{ip}:1", self.gateway.url]
        self.dht, self.parts, self.nodes = None, {}, []

    def close(self):
        if self.dht is not None and self.dht.poll() is None:
            self.dht.kill()
            self.dht.wait()
        self.fleet.close()
        for server in (self.names, self.liar, self.gateway):
            server.close()

    def start_dht(self):
        self.dht = self.meeting.spawn("dht.log", os.path.join(wan_web.BIN, "pphost"), "dht-node", "--local", "--port",
                                      str(DHT_PORT))

    def add(self, name):
        """A host on the next network."""
        number = len(self.fleet.nodes)
        node = self.fleet.add(number, number, name)
        self.nodes.append(node)
        return node

    def configure(self, node, queues, **net):
        """`queues`: name -> settings."""
        settings = {"gateways": "[" + ", ".join(self.gateways) + "]", "nameserver": f'"{self.names.address}"',
                    "dht_nodes": f"[{self.meeting.address}:{DHT_PORT}]", "dht_local": "yes",
                    "registry_period": f"{PERIOD_S}s", **net}
        lines = ["net:"] + [f"  {key}: {value}" for key, value in settings.items()] + ["queues:"]
        for name, of in queues.items():
            lines += [f"  {name}:", "    kind: wan"] + [f"    {key}: {value}" for key, value in of.items()]
        with open(node.config, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    # -- jobs --

    def submit(self, node, name, queue="farm"):
        """A job with a part of its own, into the host's own queue, and from there into the shared one."""
        number = len(self.parts)
        path = os.path.join(self.fleet.folder, name + ".gcode")
        self.parts[name] = write_part(path, number, MOVES)
        with open(path, "rb") as f:
            node.ask("PUT", f"files/{name}.gcode", f.read())
        job = node.ask("POST", "jobs", {"name": name, "draft": False,
                                        "sets": [{"path": f"{name}.gcode", "profiles": ["virtual"]}]})
        node.ask("POST", f"jobs/{job['id']}/move", {"queue": queue}, timeout=60)

    def printed(self, name):
        """Which hosts have printed it whole, once for each time."""
        wanted = self.parts[name]
        return [node.name for node in self.nodes for commands in node.prints() if commands == wanted]

    def wait_printed(self, name, seconds=60):
        def once():
            for node in self.nodes:
                if node.host is not None:
                    node.attend(manage=False)
            return self.printed(name)
        self.fleet.wait(once, f"{name} is printed", seconds, 0.3)
        want(len(self.printed(name)) == 1, f"{name} is printed {len(self.printed(name))} times")
        return self.printed(name)[0]

    def judge(self):
        """Every part printed exactly once, and nothing else at all."""
        done = sorted(name for node in self.nodes for commands in node.prints() for name in self.names_of(commands))
        want(done == sorted(self.parts), f"printed: {done}, asked for: {sorted(self.parts)}")

    def names_of(self, commands):
        return [name for name, wanted in self.parts.items() if wanted == commands] or ["something else"]


def queue_of(node, name="farm"):
    """What the host says of the queue, or {} while it does not."""
    try:
        return node.ask("GET", "queues/" + name, timeout=5)
    except (Away, RuntimeError):
        return {}


def peers_of(node, name="farm"):
    try:
        return node.ask("GET", "peers?queue=" + name, timeout=5)["peers"]
    except (Away, RuntimeError):
        return []


def leader_of(nodes, name="farm"):
    """The one that all of them say leads, or None."""
    said = {(queue_of(n, name).get("leader") or {}).get("name") if queue_of(n, name).get("connected") else None
            for n in nodes}
    return said.pop() if len(said) == 1 else None


def is_whole(nodes, voters, name="farm", count=None):
    """All see all, one leads, and so many decide."""
    for node in nodes:
        q = queue_of(node, name)
        if not q or q["peers"]["count"] != (count or len(nodes)) or q["voters"] != voters or not q["connected"]:
            return False
    return leader_of(nodes, name) is not None


def shown(nodes, name="farm"):
    for node in nodes:
        q = queue_of(node, name)
        if q:
            say(f"  {node.name}: {q['role']}, {q['peers']['count']} hosts, {q['voters_linked']} of {q['voters']} "
                f"deciding, leader {(q['leader'] or {}).get('name')}, problem {q['problem']!r}, hints {q['hints']}")
        else:
            say(f"  {node.name}: no answer")


def up(world, nodes):
    for node in nodes:
        node.start_printer(*PRINTER)
    for node in nodes:
        node.start()
    for node in nodes:
        world.fleet.wait(node.ready, node.name, 60)


# ---- a farm, meeting through the DHT ----------------------------------------------------------------


def farm_hosts(world):
    """Three trusted peers and four others; the registry is found in all the ways there are."""
    registry = world.registry
    world.names.link(DOMAIN, "/ipfs/" + registry.names["v1"])
    world.names.link("names.example.test", "/ipns/" + registry.names["name"])
    world.names.link("seed.example.test", "/ipns/" + registry.names["v1"])
    world.gateway.records[registry.names["name"]] = registry.record(1)
    path = os.path.join(world.fleet.folder, "registry.yaml")
    shutil.copy(registry.file(1), path)
    where = {"trusted1": DOMAIN, "trusted2": path, "trusted3": "names.example.test", "guest1": DOMAIN,
             "guest2": "ipfs://" + registry.names["v1"], "guest3": "ipns://" + registry.names["name"],
             "guest4": "seed.example.test"}
    for name, place in where.items():
        node = world.add(name)
        settings = {"registry": place}
        if name.startswith("trusted"):
            settings["identity"] = registry.key(name[-1])
        if name == "guest4":
            settings["accept"] = "all"
        world.configure(node, {"farm": settings})
    return path


def farm(world):
    path = farm_hosts(world)
    world.start_dht()
    nodes, fleet = world.nodes, world.fleet
    trusted, guests = nodes[:3], nodes[3:]
    up(world, nodes)
    say("seven hosts are up, each on a network of its own")
    fleet.wait(lambda: is_whole(nodes, 3), "the hosts find each other", 90, 0.5)
    say(f"all see all; {leader_of(nodes)} leads")


PLAYS = {"farm": farm}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in PLAYS:
        sys.exit("usage: wan.py " + " | ".join(PLAYS) + " [--keep]")
    run_privileged()
    folder = tempfile.mkdtemp(prefix="pphost-wan.")
    keep = "--keep" in sys.argv
    world = World(folder)
    try:
        PLAYS[sys.argv[1]](world)
        say("all well")
        return 0
    except (Failed, RuntimeError, Away) as e:
        say(f"FAILED: {e}")
        shown(world.nodes)
        for node in world.nodes:
            log = os.path.join(node.folder, "pphost.log")
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="replace") as f:
                    lines = f.read().splitlines()
                print(f"--- {node.name}\n" + "\n".join(line[:240] for line in lines[-30:]))
        return 1
    finally:
        world.close()
        if keep:
            say("kept: " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


BEGIN = time.monotonic()
sys.exit(main())
