#!/usr/bin/python3
"""A queue over the internet: seven hosts, each on a network of its own behind a router, no multicast.

    wan.py farm | trouble | landing | meeting | changes

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
        lines = ["net:"] + [f"  {key}: {value}" for key, value in settings.items()] + ["queues:"][:len(queues)]
        for name, of in queues.items():
            lines += [f"  {name}:", "    kind: wan"] + [f"    {key}: {value}" for key, value in of.items()]
        with open(node.config, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    # -- jobs --

    def submit(self, node, name, queue="farm"):
        """A job with a part of its own, into the host's own queue, and from there into the shared one. Nobody
        prints meanwhile."""
        for other in self.nodes:
            if other.host is not None and other.ask("GET", "status")["manage"]["managing"]:
                other.ask("POST", "manage/stop", {})
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


def shown(nodes):
    for node in nodes:
        try:
            queues = [q for q in node.ask("GET", "queues", timeout=5)["queues"] if q["kind"] == "wan"]
        except (Away, RuntimeError):
            queues = []
        for q in queues:
            say(f"  {node.name} {q['name']}: {q['role']}, {q['peers']['count']} hosts, {q['voters_linked']} of {q['voters']} "
                f"deciding, leader {(q['leader'] or {}).get('name')}, problem {q['problem']!r}, hints {q['hints']}")
        if not queues:
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


def look_around(world, trusted, guests):
    """What each host says of the others, right after they have met."""
    registry = world.registry
    want(world.liar.served, "the gateway that lies was not even asked")
    want(world.gateway.served, "the honest gateway was not asked")
    for node in trusted + guests:
        q = queue_of(node)
        cid = "" if node.name == "trusted2" else registry.names["v1"]
        want((q["registry_cid"] or "") == cid, f"{node.name}: CID {q['registry_cid']}")
        want(q["role"] in (("voter", "leader") if node in trusted else ("client",)), f"{node.name} is {q['role']}")
        want(not q["problem"] and not q["hints"], f"{node.name}: {q['problem']} {q['hints']}")
        peers = {p["name"]: p for p in peers_of(node)}
        want(sorted(peers) == sorted(n.name for n in trusted + guests), f"{node.name} sees {sorted(peers)}")
        for peer in peers.values():
            want(peer["trusted"] == peer["name"].startswith("trusted"), f"{node.name}: trust of {peer['name']}")
        lans = {p["address"].rsplit(".", 1)[0] for p in peers.values() if p["linked"] and p["address"]}
        want(len(lans) == sum(1 for p in peers.values() if p["linked"]), f"{node.name}: addresses {lans}")
        want(node.address.rsplit(".", 1)[0] not in lans, f"{node.name} has a link within its own network")
    out = guests[0].ctl("peers", "farm").stdout
    for node in trusted + guests:
        want(node.name in out, f"ppctl peers does not show {node.name}: {out}")
    out = guests[0].ctl("queue", "show", "farm").stdout
    want(registry.names["v1"] in out and "by its registry" in out and "led by trusted" in out, f"queue show: {out}")


def why_not(node, name):
    """Why the host does not print the job now."""
    try:
        for job in node.ask("GET", "jobs?queue=farm", timeout=5)["jobs"]:
            if job["name"] == name:
                return job.get("why") or ""
    except (Away, RuntimeError):
        pass
    return ""


def only_who_accepts(world, name, submitter):
    """The gcode of one who is not trusted: refused by all but the host that takes anybody's."""
    others = [n for n in world.nodes if n.name not in (submitter.name, "guest4") and n.host is not None]
    open_one = world.nodes[-1]
    world.submit(submitter, name)
    for node in others:
        node.attend()
    try:
        world.fleet.wait(lambda: all("is not accepted here" in why_not(n, name) for n in others),
                         f"{name} is refused by those who trust only trusted peers", 20)
    except RuntimeError as e:
        raise Failed(f"{e}: {[(n.name, why_not(n, name)) for n in others]}") from e
    want(not world.printed(name), f"{name} is printed by {world.printed(name)}")
    open_one.attend()
    by = world.wait_printed(name)
    want(by == "guest4", f"{name} is printed by {by}")
    say(f"{name}, submitted at {submitter.name}: refused by {len(others)} hosts, printed once by {by}")


def anybody_prints(world, name, submitter):
    world.submit(submitter, name)
    for node in world.nodes:
        if node.host is not None and node is not submitter:
            node.attend()
    say(f"{name}, submitted at {submitter.name}: printed once by {world.wait_printed(name)}")


def put_registry(world, path, version):
    """The registry's keeper publishes another one."""
    registry = world.registry
    shutil.copy(registry.file(version), path + ".new")
    os.replace(path + ".new", path)
    world.names.link(DOMAIN, "/ipfs/" + registry.names[f"v{version}"])
    world.gateway.records[registry.names["name"]] = registry.record(version)


def farm(world):
    path = farm_hosts(world)
    world.start_dht()
    nodes, fleet = world.nodes, world.fleet
    trusted, guests = nodes[:3], nodes[3:]
    up(world, nodes)
    say("seven hosts are up, each on a network of its own")
    fleet.wait(lambda: is_whole(nodes, 3), "the hosts find each other", 90, 0.5)
    say(f"all see all; {leader_of(nodes)} leads")
    look_around(world, trusted, guests)
    for node in nodes:
        node.clear_by_script()
    only_who_accepts(world, "first", guests[0])
    anybody_prints(world, "second", trusted[1])

    first = next(n for n in trusted if n.name == leader_of(nodes))
    first.kill()
    left = [n for n in nodes if n is not first]
    fleet.wait(lambda: leader_of(left) not in (None, first.name), "another leads", 30)
    say(f"{first.name} was killed; {leader_of(left)} leads")
    only_who_accepts(world, "third", guests[2])
    anybody_prints(world, "fourth", next(n for n in trusted if n is not first))
    first.start()
    fleet.wait(lambda: is_whole(nodes, 3) and queue_of(nodes[3])["voters_linked"] == 3, f"{first.name} is back", 60, 0.5)
    say(f"{first.name} is back")

    put_registry(world, path, 2)
    fleet.wait(lambda: is_whole(nodes, 2), "the third trusted peer has no vote any more", 60, 0.5)
    fleet.wait(lambda: queue_of(trusted[2])["role"] == "client", "it follows as a client", 20)
    want("two trusted peers" in (queue_of(guests[0])["problem"] or ""), "nobody warns of two trusted peers")
    want(queue_of(guests[0])["registry_cid"] == world.registry.names["v2"], "the CID is not the new one's")
    say("the registry names two trusted peers: the third has no vote any more")
    only_who_accepts(world, "fifth", trusted[2])
    put_registry(world, path, 1)
    fleet.wait(lambda: is_whole(nodes, 3), "the third trusted peer has its vote again", 60, 0.5)
    say("the registry names it again: it has its vote again")
    anybody_prints(world, "sixth", trusted[2])
    time.sleep(2)  # time for somebody to print one of them again
    world.judge()


# ---- what goes wrong --------------------------------------------------------------------------------


def problem_of(node, name="farm"):
    return queue_of(node, name).get("problem") or ""


def wait_problem(world, node, text, seconds=30, name="farm"):
    try:
        world.fleet.wait(lambda: re.search(text, problem_of(node, name)), f"{node.name} says: {text}", seconds, 0.3)
    except RuntimeError as e:
        raise Failed(f"{e}; it says {problem_of(node, name)!r}") from e
    out = node.ctl("queue", "show", name).stdout
    want("problem" in out, f"ppctl queue show at {node.name} says nothing of it: {out}")
    say(f"{node.name}: {problem_of(node, name)}")


def log_of(node):
    with open(os.path.join(node.folder, "pphost.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def trusted_three(world, **settings):
    for i in (1, 2, 3):
        node = world.add(f"trusted{i}")
        world.configure(node, {"farm": {"registry": DOMAIN, "identity": world.registry.key(i), **settings}})
    return world.nodes[:3]


def registries_away(world, trusted):
    """No registry at start: the kept one counts; without one it is waited for, and why is said."""
    guest = world.add("guest1")
    world.configure(guest, {"farm": {"registry": DOMAIN}})
    trusted[2].stop()
    world.names.silent = True
    trusted[2].start()
    up(world, [guest])
    wait_problem(world, guest, "no name server has answered.*farm.example.test.*; it is tried again")
    wait_problem(world, trusted[2], "no name server has answered.*; the registry as it was last counts")
    world.fleet.wait(lambda: queue_of(trusted[2])["voters_linked"] == 3, "the kept registry counts", 30)
    want(queue_of(trusted[2])["registry_cid"] == world.registry.names["v1"], "no CID of the kept registry")
    say("no name server: trusted3 goes on by the registry it had kept, guest1 has none and waits")
    world.names.silent = False
    world.fleet.wait(lambda: is_whole(world.nodes, 3), "guest1 joins once names are answered", 60, 0.5)
    world.fleet.wait(lambda: not problem_of(trusted[2]) and not problem_of(guest), "the problem is no more", 30)
    say("the name server is back: guest1 has joined by itself")


def registries_wrong(world):
    """Registries that are not right, each told in the queue's status."""
    registry, guest = world.registry, world.nodes[3]
    for place, said, net in (
            (os.path.join(registry.folder, "registry_todo.yaml"), "registry_todo.yaml:3:.*TODO", {}),
            ("ipfs://" + registry.names["v1"], "gave other bytes", {"gateways": f"[{world.liar.url}]"}),
            ("ipfs://" + registry.names["v1"], "no gateway", {"gateways": f"[{world.gateways[1]}]"}),
            ("nothing.example.test", "nothing.example.test.*record", {}),
            ("/nowhere/registry.yaml", "/nowhere/registry.yaml.*No such file", {})):
        guest.stop()
        shutil.rmtree(os.path.join(guest.folder, "data"), ignore_errors=True)
        world.configure(guest, {"farm": {"registry": place}}, **net)
        guest.start()
        world.fleet.wait(guest.ready, guest.name, 60)
        wait_problem(world, guest, said)
        want(queue_of(guest)["peers"]["count"] == 1, "a registry that is not right counts")
    for name, place, said in (("barn", registry.file(1), 'no queue "barn".*"farm", "landing"'),
                              ("farm2", os.path.join(registry.folder, "registry_todo.yaml"), ":3:9: desc: .TODO"),
                              ("farm2", "/nowhere/registry.yaml", "/nowhere/registry.yaml.*No such file"),
                              ("farm2", "ipfs://Qmfoo", "Qmfoo"), ("farm2", "ftp://x/y", "ftp://x/y")):
        done = guest.ctl("queue", "add", name, "--registry", place)
        want(done.returncode == 1 and re.search(said, done.stderr), f"ppctl queue add {place}: {done.stderr}")
        say(f"refused: {done.stderr.strip()}")


def lost_database(world, trusted):
    """A trusted peer whose database is gone comes back under a new id, and has its vote again."""
    lost = trusted[1]
    epoch = queue_of(trusted[0])["epoch"]
    before = queue_of(trusted[0])["applied"]
    lost.stop()
    for name in os.listdir(os.path.join(lost.folder, "data")):
        if name.startswith("net.db"):
            os.unlink(os.path.join(lost.folder, "data", name))
    lost.start()
    world.fleet.wait(lambda: leader_of(trusted) is not None and queue_of(lost)["role"] in ("voter", "leader") and
                     all(queue_of(n)["voters_linked"] == 3 for n in trusted), "it has its vote again", 60, 0.5)
    want(queue_of(lost)["epoch"] == epoch and queue_of(lost)["applied"] >= before, "it began anew")
    say("trusted2 lost its database: it has come back and decides again")


def copied_key(world, trusted):
    """One key at two hosts: both are refused and told; with one of them gone the other is back."""
    twin = world.add("twin")
    world.configure(twin, {"farm": {"registry": DOMAIN, "identity": world.registry.key(2)}})
    up(world, [twin])
    others = [trusted[0], trusted[2]]
    world.fleet.wait(lambda: any("is at two places" in log_of(n) for n in others), "the others see two of one key", 30)
    hint = "its key is in use at another host"
    world.fleet.wait(lambda: all(any(hint in h for h in queue_of(n)["hints"]) for n in (twin, trusted[1])),
                     "both are told", 30, 0.5)
    for node in (twin, trusted[1]):
        want("in use at two places" in log_of(node), f"nothing in the log of {node.name}")
        want(hint in " ".join(node.ctl("queue", "show", "farm").stdout.split()), f"ppctl at {node.name} does not say")
    world.fleet.wait(lambda: all(queue_of(n)["voters_linked"] == 2 for n in others), "both are refused", 30)
    want(leader_of(others), "the queue stands still")
    want(all("saw our phrase" not in log_of(n) for n in trusted), "who is refused is taken for one of another phrase")
    say("twin and trusted2 have one key: both are refused, and told")
    twin.kill()
    world.fleet.wait(lambda: all(queue_of(n).get("voters_linked") == 3 for n in trusted), "the other is back", 150, 1)
    say("the copy is gone: trusted2 is back")


def trouble(world):
    world.names.link(DOMAIN, "/ipfs/" + world.registry.names["v1"])
    trusted = trusted_three(world)
    world.start_dht()
    up(world, trusted)
    world.fleet.wait(lambda: is_whole(trusted, 3), "the trusted peers find each other", 90, 0.5)
    registries_away(world, trusted)
    registries_wrong(world)
    lost_database(world, trusted)
    copied_key(world, trusted)


# ---- without a DHT ----------------------------------------------------------------------------------


def landing_hosts(world, names):
    """Hosts that know three addresses of the registry by name, and of no DHT."""
    for i, name in enumerate(names):
        node = world.add(name)
        settings = {"registry": DOMAIN}
        if name.startswith("trusted"):
            settings["identity"] = world.registry.key(name[-1])
            settings["address"] = "0.0.0.0:6789"
        period = "1h" if name == "guest2" else "5s"  # it does not ask again because of that
        world.configure(node, {"landing": settings, "closed": settings}, dht_nodes=f"[{world.meeting.address}:1]",
                        registry_period=period)
        node.hosts = os.path.join(world.fleet.folder, f"hosts{i}")
    return world.nodes


def write_hosts(world, node, known):
    """In place: it is mounted."""
    with open(node.hosts, "w", encoding="ascii") as f:
        f.write("127.0.0.1 localhost\n")
        for i in range(3 if known else 0):
            f.write(f"{world.nodes[i].address} print{i + 1}.example.test\n")


def closed_queue(world):
    """`access: trusted`: who is none is kept out, and says why."""
    trusted, guests = world.nodes[:3], world.nodes[3:]
    world.fleet.wait(lambda: is_whole(trusted, 3, "closed"), "the trusted peers share the closed queue", 60, 0.5)
    for guest in guests:
        wait_problem(world, guest, "only trusted peers take part, and this host .12D3KooW", name="closed")
        want(queue_of(guest, "closed")["peers"]["count"] == 1, f"{guest.name} takes part in the closed queue")


def intruder(world):
    """A host whose own copy of the registry says that the queue is open."""
    path = os.path.join(world.fleet.folder, "forged.yaml")
    with open(world.registry.file(1), encoding="ascii") as f:
        text = f.read().replace("  access: trusted\n", "")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    guest = world.nodes[3]
    guest.ask("PATCH", "queues/closed", {"registry": path})
    world.fleet.wait(lambda: "only trusted" not in problem_of(guest, "closed"), "the forged registry counts there", 20)
    time.sleep(8)
    want(queue_of(guest, "closed")["linked"] == 0, "an intruder is let into the closed queue")
    want(all(queue_of(n, "closed")["peers"]["count"] == 3 for n in world.nodes[:3]), "the trusted peers see it")
    want(queue_of(guest, "landing")["connected"], "it is refused in the open queue, too")
    say("a host that takes the closed queue for an open one is let into the open one only")


def landing(world):
    world.names.link(DOMAIN, "/ipfs/" + world.registry.names["v1"])
    nodes = landing_hosts(world, ["trusted1", "trusted2", "trusted3", "guest1", "guest2"])
    for node in nodes:
        write_hosts(world, node, node.name != "guest2")
    up(world, nodes)
    world.fleet.wait(lambda: is_whole(nodes[:4], 3, "landing"), "they meet at the registry's addresses", 40, 0.5)
    say(f"without any DHT: {leader_of(nodes[:4], 'landing')} leads")
    closed_queue(world)
    world.fleet.wait(lambda: "host \"print" in " ".join(queue_of(nodes[4], "landing")["hints"]), "the name is told", 60)
    hints = " ".join(queue_of(nodes[4], "landing")["hints"])
    want("nobody was found in the DHT" in hints and "forwards TCP port" in hints, f"hints: {hints}")
    say(f"guest2, whose names lead nowhere: {hints}")
    write_hosts(world, nodes[4], True)
    world.fleet.wait(lambda: is_whole(nodes, 3, "landing"), "guest2 asks for the names again", 90, 0.5)
    say("its names lead somewhere now: it has joined by itself")
    intruder(world)
    for node in nodes:
        node.clear_by_script()
    world.submit(nodes[1], "parcel", "landing")
    for node in nodes[2:]:
        node.attend()
    say(f"parcel: printed once by {world.wait_printed('parcel')}")
    world.judge()


# ---- nodes of the DHT that come and go --------------------------------------------------------------


def meeting(world):
    """The DHT's node has a name that is not known at first (a host that starts before its network does), and
    is gone later on."""
    world.names.link(DOMAIN, "/ipfs/" + world.registry.names["v1"])
    nodes = trusted_three(world)
    for i, node in enumerate(nodes):
        world.configure(node, {"farm": {"registry": DOMAIN, "identity": world.registry.key(i + 1)}},
                        dht_nodes=f"[dht.example.test:{DHT_PORT}]", registry_period="1h")
        node.hosts = os.path.join(world.fleet.folder, f"hosts{i}")
        with open(node.hosts, "w", encoding="ascii") as f:
            f.write("127.0.0.1 localhost\n")
    world.start_dht()
    up(world, nodes)
    world.fleet.wait(lambda: all("no node has answered" in " ".join(queue_of(n)["hints"]) for n in nodes),
                     "that no node answers is told", 30)
    say(f"hints: {queue_of(nodes[0])['hints']}")
    for node in nodes:
        with open(node.hosts, "a", encoding="ascii") as f:
            f.write(f"{world.meeting.address} dht.example.test\n")
    world.fleet.wait(lambda: is_whole(nodes, 3), "they find each other once the name is known", 120, 0.5)
    say("the name of the DHT's node is known now: they have met")
    nodes[2].stop()
    world.dht.kill()
    world.dht.wait()
    want(os.path.getsize(os.path.join(nodes[2].folder, "data", "dht.state")) > 0, "no nodes were kept")
    nodes[2].start()
    world.fleet.wait(lambda: is_whole(nodes, 3) and queue_of(nodes[0])["voters_linked"] == 3,
                     "it finds the others without the node", 60, 0.5)
    say("without it a host that was started again found the others by the nodes it had kept")


# ---- a registry that is edited ----------------------------------------------------------------------


class Edited:
    """A registry in a file that all hosts read."""

    def __init__(self, world):
        self.path = os.path.join(world.fleet.folder, "registry.yaml")
        with open(world.registry.file(1), encoding="ascii") as f:
            self.first = f.read()
        self.write(self.first)

    def write(self, text):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.replace(self.path + ".new", self.path)


def peer_ids(text):
    return list(dict.fromkeys(re.findall("12D3KooW[A-Za-z0-9]+", text)))


def changes(world):
    edited = Edited(world)
    nodes = [world.add(name) for name in ("trusted1", "trusted2", "trusted3", "guest")]
    for node in nodes:
        world.configure(node, {})
    world.start_dht()
    up(world, nodes)
    for node in nodes:
        node.clear_by_script()
        key = ["--key", world.registry.key(node.name[-1])] if node.name != "guest" else []
        done = node.ctl("queue", "add", "farm", "--registry", edited.path, *key)
        want(done.returncode == 0, f"ppctl queue add at {node.name}: {done.stderr}")
    fleet, trusted, guest = world.fleet, nodes[:3], nodes[3]
    fleet.wait(lambda: is_whole(nodes, 3), "they find each other", 60, 0.5)
    say("four hosts were given the registry with ppctl queue add; they share it")
    world.submit(nodes[0], "before")

    edited.write(re.sub("rendezvous: .*", "rendezvous: somewhere-else", edited.first, count=1))
    time.sleep(PERIOD_S + 1)
    fleet.wait(lambda: is_whole(nodes, 3) and all(queue_of(n)["linked"] == 3 for n in nodes), "they meet elsewhere", 60,
               0.5)
    for node in nodes[1:]:
        node.attend()
    say(f"another rendezvous: they have met again; the job of before is printed once by {world.wait_printed('before')}")

    closed = edited.first.replace("  url: https://example.test/farm\n", "  url: https://example.test/farm\n"
                                  "  access: trusted\n", 1)
    edited.write(closed)
    wait_problem(world, guest, "only trusted peers take part, and this host")
    fleet.wait(lambda: queue_of(guest)["linked"] == 0, "it is linked to nobody", 20)
    fleet.wait(lambda: is_whole(trusted, 3, count=4), "the trusted peers go on", 30)
    out = trusted[0].ctl("queue", "show", "farm").stdout
    want("nobody else takes part; this host is one of them" in " ".join(out.split()), f"access is not shown: {out}")
    edited.write(edited.first)
    fleet.wait(lambda: is_whole(nodes, 3) and not problem_of(guest), "the guest is back", 120, 0.5)
    say("closed to all but trusted peers, and open again: the guest was out and is back")
    out = guest.ctl("queue", "show", "farm").stdout
    want("3 trusted peers decide, anybody may take part" in " ".join(out.split()), f"who decides is not shown: {out}")

    edited.write(edited.first.replace("name: farm", "name: barn", 1))
    wait_problem(world, guest, 'no queue "farm" .*"barn"')
    edited.write(edited.first.replace("rendezvous", "randevous", 1))
    wait_problem(world, guest, "registry.yaml:5:3: randevous: unknown.*; the registry as it was last counts")
    want(is_whole(nodes, 3), "a registry that is wrong counts")
    one, _, _ = peer_ids(edited.first)
    first, rest = edited.first.split("- desc", 1)
    block, tail = rest.split("- desc", 1)
    edited.write(first + "- desc" + re.sub(f"  - (?!{one})12D3KooW.*\n", "", block) + "- desc" + tail)
    fleet.wait(lambda: is_whole(nodes, 1) and leader_of(nodes) == "trusted1", "one trusted peer is left", 60, 0.5)
    say("two of three trusted peers were struck off at once: the one that is left leads")
    edited.write(edited.first)
    fleet.wait(lambda: is_whole(nodes, 3), "all three decide again", 60, 0.5)
    say("all three decide again")
    world.submit(nodes[1], "after")
    for node in nodes:
        node.attend()
    say(f"after: printed once by {world.wait_printed('after')}")
    time.sleep(2)
    world.judge()


PLAYS = {"farm": farm, "trouble": trouble, "landing": landing, "meeting": meeting, "changes": changes}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in PLAYS:
        sys.exit("usage: wan.py " + " | ".join(PLAYS) + " [--keep]")
    run_privileged()
    folder = tempfile.mkdtemp(prefix="pphost-wan.")
    keep = "--keep" in sys.argv
    world = None
    try:
        world = World(folder)
        PLAYS[sys.argv[1]](world)
        say("all well")
        return 0
    except (Failed, RuntimeError, Away) as e:
        say(f"FAILED: {e}")
        shown(world.nodes if world is not None else [])
        for node in world.nodes if world is not None else []:
            log = os.path.join(node.folder, "pphost.log")
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="replace") as f:
                    lines = f.read().splitlines()
                print(f"--- {node.name}\n" + "\n".join(line[:240] for line in lines[-30:]))
        return 1
    finally:
        if world is not None:
            world.close()
        if keep:
            say("kept: " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


BEGIN = time.monotonic()
sys.exit(main())
