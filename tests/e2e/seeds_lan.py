#!/usr/bin/python3
"""Three hosts, each with a virtual printer, on a local network of their own; two are of one kind.

Everything is done with ppctl, as a person would, and looked at on every host. What was printed, and by whom, is
read off what the virtual printers executed.
"""
import copy
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from fleet import Away, Fleet, SOURCE, run_privileged, write_part  # noqa: E402

PARTS = {"axle.gcode": 60, "gear.gcode": 40, "lid.gcode": 30, "twin.gcode": 35, "long.gcode": 60000}


def check(condition, text):
    if not condition:
        raise RuntimeError(text)


def same(what, got, wanted):
    check(got == wanted, f"{what}: {got!r}, wanted {wanted!r}")


class Walk:
    """The three hosts, and what a person does at them."""

    def __init__(self, fleet, folder):
        self.fleet, self.folder = fleet, folder
        self.anna, self.bert, self.carl = fleet.nodes
        self.parts = {}
        self.step_began = time.monotonic()

    def step(self, text):
        now = time.monotonic()
        print(f"seeds_lan: {text}", flush=True)
        self.step_began = now

    # -- ppctl --

    @staticmethod
    def does(node, *arguments):
        done = node.ctl(*arguments)
        check(done.returncode == 0, f"{node.name}: ppctl {' '.join(arguments)}: status {done.returncode}: "
                                    f"{done.stderr.strip()}")
        return done.stdout

    def tells(self, node, *arguments):
        return json.loads(self.does(node, "--json", *arguments))

    @staticmethod
    def refused(node, wanted, *arguments):
        """It must fail with one line on stderr that has all of `wanted`."""
        done = node.ctl(*arguments)
        text = done.stderr.strip()
        what = f"{node.name}: ppctl {' '.join(arguments)}"
        same(what, done.returncode, 1)
        same(f"{what}: lines", len(text.splitlines()), 1)
        for word in wanted:
            check(word in text, f"{what}: no {word!r} in {text!r}")
        return text

    # -- what is where --

    def titles(self, node, queue):
        """Names of the jobs in order."""
        return [job["name"] for job in self.tells(node, "jobs", "--queue", queue)["jobs"]]

    def job(self, node, name, queue="LAN"):
        return next((j for j in self.tells(node, "jobs", "--queue", queue)["jobs"] if j["name"] == name), None)

    def everywhere(self, what, look, wanted, seconds=30):
        """Soon, `look` at each host gives `wanted`."""
        seen = {}

        def all_same():
            for node in self.fleet.nodes:
                seen[node.name] = look(node)
            return all(value == wanted for value in seen.values())
        try:
            self.fleet.wait(all_same, what, seconds)
        except RuntimeError as e:
            raise RuntimeError(f"{e}: {seen}, wanted {wanted}") from e

    def in_queue(self, wanted, seconds=30):
        self.everywhere("the jobs of LAN", lambda node: self.titles(node, "LAN"), wanted, seconds)

    def soon(self, node, what, condition, seconds=30):
        try:
            self.fleet.wait(condition, f"{node.name}: {what}", seconds)
        except RuntimeError as e:
            raise RuntimeError(f"{e}\n{node.ctl('status').stdout}{node.ctl('jobs', '--queue', 'LAN').stdout}") from e

    def prints_of(self, node):
        """Names of the parts that its printer has executed whole, in order."""
        of = {tuple(commands): name for name, commands in self.parts.items()}
        return [of.get(tuple(commands), "?") for commands in node.prints()]

    def add(self, node, name, *files, profile="virtual", count=1):
        """A new job in the local queue of the host."""
        arguments = ["add", "-n", str(count), "--job", name]
        if profile is not None:
            arguments += ["--profile", profile]
        self.does(node, *arguments, *[os.path.join(self.folder, f) for f in files])

    def submit(self, node, name, *files, **more):
        self.add(node, name, *files, **more)
        self.does(node, "move", name, "LAN")

    def answer_all(self, node, kinds):
        """Answers the open questions of these kinds as a person would who agrees; the texts."""
        texts = []
        for question in node.ask("GET", "status")["questions"]:
            if question["kind"] in kinds:
                texts.append(question["text"])
                self.does(node, "confirm", question["id"][-6:], (question.get("answers") or ["yes"])[0])
        return texts

    # -- the steps --

    def enable(self):
        self.step("a queue LAN is there and not enabled; enabled on each host, they find each other")
        for node in self.fleet.nodes:
            queues = self.tells(node, "queues")["queues"]
            same(f"{node.name}: queues", [(q["name"], q["enabled"]) for q in queues], [("local", True), ("LAN", False)])
            check("disabled" in self.does(node, "queues"), "ppctl queues does not say that LAN is disabled")
            check("queue enable LAN" in self.does(node, "peers"), "ppctl peers does not say how to begin")
        self.refused(self.anna, ["not enabled", "LAN"], "add", "--queue", "LAN", "--profile", "virtual",
                     os.path.join(self.folder, "axle.gcode"))
        for node in self.fleet.nodes:
            self.does(node, "queue", "enable", "LAN")
        names = sorted(node.name for node in self.fleet.nodes)
        self.everywhere("the hosts see each other",
                        lambda node: sorted(p["name"] for p in self.tells(node, "peers", "LAN")["peers"]), names, 60)
        self.everywhere("one of them leads", lambda node: len({(self.queue(n)["leader"] or {}).get("name", n.name)
                                                             for n in self.fleet.nodes}), 1, 60)
        self.everywhere("all are in touch", lambda node: self.queue(node)["connected"], True, 30)
        self.everywhere("profiles are told", lambda node: sorted(
            p["profile"] or "" for p in self.tells(node, "peers", "LAN")["peers"]), ["twin", "virtual", "virtual"])
        table = self.does(self.bert, "peers")
        for name in names:
            check(name in table, f"ppctl peers: no {name} in {table}")

    def queue(self, node, name="LAN"):
        return next(q for q in self.tells(node, "queues")["queues"] if q["name"] == name)

    def validate(self):
        self.step("what no printer could print is not taken")
        self.add(self.anna, "nowhere", "axle.gcode", profile=None)
        self.refused(self.anna, ["axle.gcode", "names no profile"], "move", "nowhere", "LAN")
        self.does(self.anna, "rm", "nowhere")
        self.add(self.anna, "foreign", "axle.gcode", profile="prusa-mk4")
        self.refused(self.anna, ["none of the 3 printers", "LAN"], "move", "foreign", "LAN")
        same("foreign stays", self.titles(self.anna, "local"), ["foreign"])
        self.does(self.anna, "rm", "foreign")

    def submit_and_undo(self):
        self.step("a job is submitted by moving it, and taken back on another host, its files with it")
        self.add(self.anna, "shelf", "axle.gcode", "gear.gcode")
        self.does(self.anna, "move", "shelf", "LAN")
        same("anna's local queue", self.titles(self.anna, "local"), [])
        self.in_queue(["shelf"])
        self.does(self.carl, "move", "shelf", "local")
        self.in_queue([])
        taken = self.job(self.carl, "shelf", "local")
        check(taken is not None, "the job is not in carl's local queue")
        same("its files", [s["path"] for s in taken["sets"]], ["imports/shelf/axle.gcode", "imports/shelf/gear.gcode"])
        names = [f["name"] for f in self.carl.ask("GET", "files?limit=1000")["files"]]
        for part in ("axle.gcode", "gear.gcode"):
            check(f"imports/shelf/{part}" in names, f"imports/shelf/{part} is not among carl's files: {names}")
        for node in (self.anna, self.bert):
            same(f"{node.name}'s local queue", self.titles(node, "local"), [])
        self.does(self.carl, "rm", "shelf")

    def change(self):
        self.step("jobs are edited, put in another order and removed from any host")
        self.submit(self.anna, "first", "axle.gcode")
        self.submit(self.bert, "second", "gear.gcode")
        self.submit(self.anna, "third", "lid.gcode")
        self.in_queue(["first", "second", "third"])
        self.does(self.carl, "edit", "first", "count=3", "note=from carl")
        self.everywhere("the edit", lambda n: [self.job(n, "first")[k] for k in ("count", "note")], [3, "from carl"])
        self.does(self.bert, "set", "second", "1", "count=2")
        self.everywhere("the set's edit", lambda n: self.job(n, "second")["sets"][0]["count"], 2)
        self.does(self.carl, "move", "third", "1")
        self.in_queue(["third", "first", "second"])
        old = self.job(self.anna, "third")
        self.does(self.bert, "edit", "third", "note=newer")
        try:
            self.carl.ask("PATCH", f"jobs/{old['id']}", {"note": "older", "revision": old["revision"]})
            raise RuntimeError("an edit of what somebody else has changed meanwhile went through")
        except RuntimeError as e:
            check("changed" in str(e), str(e))
        for name, node in (("third", self.carl), ("first", self.bert), ("second", self.anna)):
            self.does(node, "rm", name)
        self.in_queue([])

    def ask_first(self):
        self.step("in an open queue the jobs of a host are printed when a person has said so, once")
        self.submit(self.anna, "hello", "lid.gcode")
        self.bert.clear_by_script()
        self.does(self.bert, "start")
        self.soon(self.bert, "asks whether anna's jobs are accepted", lambda: any(
            q["kind"] == "peer" and "anna" in q["text"] for q in self.bert.ask("GET", "status")["questions"]))
        same("nothing is printed before", self.prints_of(self.bert), [])
        shown = self.does(self.bert, "jobs", "--queue", "LAN")
        check("anna" in shown, f"ppctl jobs does not say what is waited for: {shown}")
        self.answer_all(self.bert, ["peer"])
        self.soon(self.bert, "prints it", lambda: (self.answer_all(self.bert, ["bed"]), self.prints_of(self.bert))[1])
        self.in_queue([])
        same("bert printed", self.prints_of(self.bert), ["lid.gcode"])
        self.does(self.bert, "stop")

    def lock(self):
        self.step("with a key the queue is locked; who has another key is not in it")
        for node in (self.anna, self.bert):
            self.does(node, "queue", "edit", "LAN", "key=only we know")
        self.does(self.carl, "queue", "edit", "LAN", "key=something else")
        self.fleet.wait(lambda: sorted(p["name"] for p in self.tells(self.anna, "peers", "LAN")["peers"]
                                       if p["linked"] or p["self"]) == ["anna", "bert"], "carl is out", 60)
        self.soon(self.carl, "says that there is another key",
                  lambda: any("key" in hint for hint in self.queue(self.carl)["hints"]), 60)
        check("locked" in self.does(self.anna, "queue", "show", "LAN"), "ppctl queue show does not say locked")
        text = json.dumps(self.queue(self.anna))
        check("only we know" not in text, "the key is shown")
        self.does(self.carl, "queue", "edit", "LAN", "key=only we know")
        self.everywhere("all three again", lambda n: len([p for p in self.tells(n, "peers", "LAN")["peers"]
                                                          if p["linked"] or p["self"]]), 3, 60)
        self.everywhere("all are in touch", lambda node: self.queue(node)["connected"], True, 30)

    def whole_job(self):
        self.step("all of a job is printed by the printer that took it, in order; the twin prints its own files")
        for node in self.fleet.nodes:
            node.clear_by_script()
        before = {node.name: len(node.prints()) for node in self.fleet.nodes}
        self.submit(self.anna, "pair", "axle.gcode", "gear.gcode", count=2)
        self.does(self.anna, "add", "--queue", "LAN", "--job", "either", "--profile", "virtual",
                  os.path.join(self.folder, "lid.gcode"))
        self.carl.ask("PUT", "files/twin.gcode", open(os.path.join(self.folder, "twin.gcode"), "rb").read())
        self.in_queue(["pair", "either"])
        self.does(self.bert, "start")
        self.does(self.carl, "start")
        self.soon(self.bert, "prints all that is for it", lambda: (
            self.answer_all(self.bert, ["bed"]), len(self.prints_of(self.bert)))[1] >= before["bert"] + 5, 60)
        same("bert printed, in order", self.prints_of(self.bert)[before["bert"]:],
             ["axle.gcode", "gear.gcode", "axle.gcode", "gear.gcode", "lid.gcode"])
        same("carl, whose printer is another", self.prints_of(self.carl)[before["carl"]:], [])
        self.in_queue([])

    def two_profiles(self):
        self.step("a job with a set for each kind of printer is printed by either with its own file")
        self.does(self.bert, "stop")
        before = len(self.prints_of(self.carl))
        files = [("axle.gcode", "virtual"), ("twin.gcode", "twin")]
        for name, _ in files:
            with open(os.path.join(self.folder, name), "rb") as f:
                self.anna.ask("PUT", f"files/{name}", f.read())
        self.anna.ask("POST", "jobs", {"name": "both", "queue": "LAN", "sets": [
            {"path": name, "profiles": [profile]} for name, profile in files]})
        self.soon(self.carl, "prints its set of it", lambda: (
            self.answer_all(self.carl, ["bed"]), len(self.prints_of(self.carl)))[1] > before, 60)
        self.in_queue([])
        same("carl printed", self.prints_of(self.carl)[before:], ["twin.gcode"])
        self.does(self.carl, "stop")

    def while_printing(self):
        self.step("what is being printed is neither removed nor taken; the refusal says by whom")
        self.submit(self.anna, "tower", "long.gcode")
        self.does(self.bert, "start")
        self.soon(self.bert, "prints", lambda: (self.answer_all(self.bert, ["bed"]),
                                                self.bert.ask("GET", "status")["state"])[1] == "printing")
        self.everywhere("the claim", lambda n: [(c["printer"], c["run"] is not None)
                                                for c in (self.job(n, "tower") or {"claims": []})["claims"]],
                        [("bert", True)])
        shown = self.does(self.carl, "jobs", "--queue", "LAN")
        check("bert" in shown and "@" not in shown, f"ppctl jobs: {shown}")
        text = self.refused(self.carl, ["bert", "printing"], "rm", "tower")
        check("12D3" not in text, f"nobody knows that name: {text}")
        self.refused(self.anna, ["bert", "printing"], "move", "tower", "local")
        self.refused(self.anna, ["bert", "printing"], "reset", "tower")
        self.does(self.anna, "edit", "tower", "note=it may be edited all the same")
        self.soon(self.anna, "sees how far bert is", lambda: any(
            p["name"] == "bert" and p["state"] == "printing" and p["file"] for p in
            self.tells(self.anna, "peers", "LAN")["peers"]))
        self.does(self.carl, "-H", "bert", "cancel")
        self.soon(self.bert, "has stopped", lambda: self.bert.ask("GET", "status")["state"] == "operational")
        self.does(self.bert, "stop")
        self.soon(self.anna, "sees it free", lambda: not self.job(self.anna, "tower")["claims"])
        self.does(self.carl, "rm", "tower")
        self.in_queue([])

    def history(self):
        self.step("the prints of all hosts are in the history of each")
        def prints(node):
            runs = self.tells(node, "history", "-n", "100")["runs"]
            return sorted((r["printer"], r["file_name"], r["result"]) for r in runs if r["queue"] == "LAN")
        wanted = prints(self.bert)
        check(("bert", "lid.gcode", "success") in wanted and ("carl", "twin.gcode", "success") in wanted
              and ("bert", "long.gcode", "cancelled") in wanted, f"bert's history: {wanted}")
        self.everywhere("the history", prints, wanted)
        check("carl" in self.does(self.anna, "history"), "ppctl history does not say who printed")

    def names(self):
        self.step("names and addresses of queues: what is wrong is said in one line")
        node = self.anna
        self.refused(node, ["LAN"], "queue", "add", "LAN")
        self.refused(node, ["local"], "queue", "add", "local")
        self.refused(node, ["archive"], "queue", "add", "archive")
        self.refused(node, ["no queue", "lan"], "queue", "enable", "lan")
        for address in ("somewhere", "192.168.1.43", "300.1.1.1:6789", "127.0.0.1:99999", "1.2.3.4:6789"):
            self.refused(node, [address.partition(":")[0]], "queue", "add", "lab", f"address={address}")
        self.refused(node, ["8125", "in use"], "queue", "add", "lab", f"address={node.address}:8125")
        same("queues", [q["name"] for q in self.tells(node, "queues")["queues"]], ["local", "LAN"])
        for address in ("auto", "localhost", "0.0.0.0", f"{node.address}:6789", f"0.0.0.0:6790"):
            self.does(node, "queue", "add", "lab", f"address={address}")
            self.fleet.wait(lambda: self.queue(node, "lab")["joined"], "lab is joined", 10)
            same("its address", self.queue(node, "lab")["address"], address)
            self.does(node, "queue", "rm", "lab")
        # One with the other's name in other letters: seen nearby, and said.
        self.does(self.anna, "queue", "add", "Lab")
        self.does(self.bert, "queue", "add", "lab")
        self.soon(self.bert, "says that names are case-sensitive", lambda: any(
            "Lab" in hint and "case" in hint for hint in self.queue(self.bert, "lab")["hints"]), 60)
        check("Lab" in self.does(self.bert, "queue", "show", "lab"), "ppctl queue show has no hint")
        self.does(self.bert, "queue", "edit", "lab", "namespace=Lab")
        self.fleet.wait(lambda: len(self.tells(self.bert, "peers", "lab")["peers"]) == 2, "bert is in Lab", 60)
        self.does(self.anna, "queue", "rm", "Lab")
        self.does(self.bert, "queue", "rm", "lab")

    def privileged(self):
        self.step("a port below 1024 is refused to who may not have it")
        self.refused(self.anna, ["80", "privileged", "1024"], "queue", "add", "lab", "address=0.0.0.0:80")

    def stranded(self):
        self.step("a job whose way to another queue ended with its host's life is there again, as a draft")
        self.add(self.carl, "lost", "twin.gcode", profile="twin")
        self.carl.stop()
        with sqlite3.connect(os.path.join(self.carl.folder, "data", "pphost.db")) as db:
            db.execute("UPDATE jobs SET doc = json_set(doc, '$.moving', json('true')) WHERE doc LIKE '%lost%'")
        db.close()
        self.start_carl()
        self.fleet.wait(self.carl.ready, "carl is ready", 30)
        self.soon(self.carl, "has it as a draft", lambda: [
            (j["moving"], j["draft"]) for j in self.carl.ask("GET", "jobs")["jobs"]] == [(False, True)])
        self.does(self.carl, "rm", "lost")

    def one_machine(self):
        self.step("hosts of one machine share a queue by localhost; who is on another machine is not in it")
        dora = copy.copy(self.anna)
        dora.name, dora.printer, dora.host, dora.wrap = "dora", None, None, []
        dora.folder = os.path.join(self.fleet.folder, "dora")
        dora.runtime, dora.config = os.path.join(dora.folder, "run"), os.path.join(dora.folder, "pphost.yaml")
        os.makedirs(dora.runtime, mode=0o700)
        dora.env = dict(self.anna.env, PPHOST_RUNTIME=dora.runtime, XDG_CONFIG_HOME=dora.folder,
                        XDG_STATE_HOME=dora.folder)
        self.fleet.nodes.append(dora)
        dora.start_printer("--speed", "200", "--wire", "off", "--heat", "100000")
        dora.start("--listen", "127.0.0.1:8126")
        self.fleet.wait(lambda: dora.ctl("status").returncode == 0, "dora is ready", 30)
        for node in (self.anna, dora):
            self.does(node, "queue", "add", "bench", "address=localhost")
        self.does(self.bert, "queue", "add", "bench")

        def there(node):
            return sorted(p["name"] for p in self.tells(node, "peers", "bench")["peers"])
        self.fleet.wait(lambda: there(self.anna) == there(dora) == ["anna", "dora"], "anna and dora meet", 60)
        same("bert is alone", there(self.bert), ["bert"])
        self.does(self.anna, "add", "--queue", "bench", "--job", "near", "--profile", "virtual",
                  os.path.join(self.folder, "lid.gcode"))
        self.soon(dora, "has the job", lambda: self.titles(dora, "bench") == ["near"])
        self.does(dora, "rm", "near")
        self.fleet.nodes.remove(dora)
        dora.stop()
        dora.stop_printer()

    def disable(self):
        self.step("a host that disables the queue is out of it, and in it again with all jobs when it enables it")
        self.does(self.carl, "queue", "disable", "LAN")
        self.submit(self.anna, "later", "axle.gcode")
        self.refused(self.carl, ["LAN", "not enabled"], "add", "--queue", "LAN", "--profile", "twin",
                     os.path.join(self.folder, "twin.gcode"))
        self.does(self.carl, "queue", "enable", "LAN")
        self.in_queue(["later"], 60)
        self.does(self.carl, "rm", "later")
        self.in_queue([])

    def operate(self):
        self.step("a host that others may not operate shows its state, keeps its files and settings, and stops at once")
        self.does(self.bert, "queue", "edit", "LAN", "control=no")
        self.soon(self.carl, "sees bert", lambda: self.carl.ctl("-H", "bert", "status").returncode == 0)
        self.refused(self.carl, ["control"], "-H", "bert", "send", "G28")
        self.refused(self.carl, ["control"], "-H", "bert", "log")
        self.does(self.bert, "queue", "edit", "LAN", "control=keyed")
        self.does(self.carl, "-H", "bert", "log")
        self.refused(self.carl, ["admin"], "-H", "bert", "queue", "edit", "LAN", "key=")
        self.refused(self.carl, ["not asked"], "-H", "bert", "key", "list")
        self.does(self.bert, "queue", "edit", "LAN", "control=no")
        self.does(self.carl, "-H", "bert", "estop")
        same("bert", self.bert.ask("GET", "status")["state"], "error")
        same("carl", self.carl.ask("GET", "status")["state"], "operational")


def write_profiles(folder):
    """A second kind of printer, which is like the first in all but its name."""
    printers = os.path.join(folder, "profiles", "printers")
    os.makedirs(printers)
    with open(os.path.join(SOURCE, "profiles", "printers", "virtual.yaml"), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(printers, "twin.yaml"), "w", encoding="utf-8") as f:
        f.write(text.replace("Virtual printer", "Twin").replace("- Virtual", "- Twin"))


MORE = os.environ.get("SEEDS_OPTIONS", "").split()  # of each host, such as -v
LINES = int(os.environ.get("SEEDS_LINES", "40"))  # of each log, when the test fails
STEPS = ["enable", "validate", "submit_and_undo", "change", "ask_first", "lock", "whole_job", "two_profiles",
         "while_printing", "history", "names", "privileged", "disable", "stranded",
         "one_machine", "operate"]


def walk(folder, steps):
    write_profiles(folder)
    with Fleet(os.path.join(folder, "hosts")) as fleet:
        for number, name in enumerate(("anna", "bert", "carl")):
            fleet.add(number, name=name)
        w = Walk(fleet, folder)
        for number, (name, moves) in enumerate(PARTS.items()):
            w.parts[name] = write_part(os.path.join(folder, name), number, moves)
        for node in fleet.nodes:
            node.start_printer("--speed", "200", "--wire", "off", "--heat", "100000")
        profiles = os.path.join(folder, "profiles")
        w.anna.wrap = ["setpriv", "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service"]
        for node in fleet.nodes[:2]:
            node.start("--profiles", profiles, *MORE)
        w.start_carl = lambda: fleet.nodes[2].start("--profiles", profiles, "--profile", "twin", *MORE)
        w.start_carl()
        for node in fleet.nodes:
            fleet.wait(node.ready, f"{node.name} is ready", 30)
        try:
            for name in steps:
                getattr(w, name)()
        except (RuntimeError, Away):
            for node in fleet.nodes:
                with open(os.path.join(node.folder, "pphost.log"), encoding="utf-8", errors="replace") as f:
                    lines = [line for line in f if ": debug: http" not in line and ": debug: [<>]" not in line]
                print(f"--- {node.name}\n" + "".join(lines[-LINES:]))
            raise


def main():
    run_privileged()
    folder = tempfile.mkdtemp(prefix="pphost-seeds.")
    try:
        walk(folder, sys.argv[1:] or STEPS)
        print("seeds_lan: passed")
        return 0
    except (RuntimeError, Away) as e:
        print(f"FAILED: {e}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
