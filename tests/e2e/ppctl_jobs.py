"""ppctl and the queue as a user meets them: the program itself, started on a fake host."""

import hashlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import time
import unittest
from urllib.parse import parse_qs, unquote, urlsplit

from ppctl import ENDED, PPCTL, QUESTION, Base, PrintBase, asks, job as printed, run, until

MATERIAL = {"id": "0192f0a0-3333-7000-8000-0000000c3a3a", "kind": "material", "asked_ms": 3,
            "text": '"vase.gcode" needs PETG in tool 0. Is it loaded?', "answers": ["loaded", "not now"]}
SCRIPT = {"id": "0192f0a0-4444-7000-8000-0000000d4b4b", "kind": "script", "asked_ms": 4,
          "text": '"pause" waits: Take the part off the bed. Going on means: the bed is clear',
          "answers": ["continue"]}
FILE = {"id": "0192f0a0-5555-7000-8000-0000000e5c5c", "kind": "file", "asked_ms": 5,
        "text": '"vase.gcode" is in quarantine (failed 3 times).', "answers": ["look again", "not now"]}
IDS = ["0192f0a0-aaaa-7000-8000-00000093779d", "0192f0a0-bbbb-7000-8000-0000001c4a63"]


def set_of(path="gear.gcode", **more):
    return dict({"id": "0192f0a0-0000-7000-8000-00000000s%03d" % len(path), "path": path, "sha256": "0" * 64,
                 "size_bytes": 1000, "model": False, "count": 1, "remaining": 1, "completed": 0, "pending": 1,
                 "profiles": [], "materials": [], "time_ms": 754000, "filament_mm": {"tool0": 1234.5},
                 "metadata": None, "why": None}, **more)


def job(n=0, **more):
    return dict({"id": IDS[n], "name": "gears", "queue": "local", "position": n + 1, "count": 3, "remaining": 2,
                 "completed": 1, "draft": False, "share": False, "repeat": False, "moving": False,
                 "created_ms": 1763620927000, "submitter": "local", "note": None, "revision": 1,
                 "changed_by": None, "changed_ms": None, "archived_ms": None, "finished": False,
                 "time_left_ms": 1508000, "filament_left_mm": 2469.0, "state": "waiting", "why": None,
                 "claims": [], "sets": [set_of(), set_of("axle.gcode")]}, **more)


def manage(**more):
    return dict({"state": "inactive", "managing": False, "text": "not managing", "needs_person": False,
                 "in_error": False, "job": None, "set": None, "queue": None, "attempt": 0, "script": None,
                 "dead_ms": None, "quiet": None}, **more)


ON = dict(managing=True, state="idle", text="nothing to print")


def said(path, **more):
    return {"error": {"code": more.get("code", "not_found"), "message": path, "field": more.get("field")}}


class QueueBase(Base):
    """A host whose answers are set by (method, path); what it was asked is in host.requests."""

    def reply(self, host, method, path, doc=None, status=200):
        host.replies[method, "/api/v1/" + path] = status, doc

    def last(self, host):
        """Method, path below the API, and body of the last request."""
        method, path, body = host.requests[-1]
        self.assertTrue(path.startswith("/api/v1/"))
        return method, path[len("/api/v1/"):], json.loads(body) if body else None

    def both(self, host, args, wanted, doc=None):
        """The command sends that; with --json it prints the host's document and nothing else."""
        out, err = self.ctl(*args)
        self.assertEqual((self.last(host), err), (wanted, ""), args)
        alone, err = self.ctl("--json", *args)
        self.assertEqual((self.last(host), err), (wanted, ""), args)
        self.assertEqual(json.loads(alone), {} if doc is None else doc, args)
        self.assertEqual(alone.count("\n"), 1)
        return out


class Jobs(QueueBase):
    def test_the_queue_is_a_table(self):
        host = self.host()
        self.reply(host, "GET", "jobs", {"total": 2, "jobs": [
            job(0, state="printing"), job(1, name=None, state="blocked", why="tool 0 needs PETG, it holds PLA")]})
        out, _ = self.ctl("jobs")
        self.assertEqual(out, """\
  #  id      job                              copies  state      left
  1  93779d  gears                               1/3  printing   25 min 08 s
  2  1c4a63  gear.gcode                          1/3  blocked    25 min 08 s
             tool 0 needs PETG, it holds PLA
2 jobs, 50 min 16 s, 4.9 m of filament to go
""")
        self.both(host, ["jobs", "--queue", "archive", "-n", "7"],
                  ("GET", "jobs?queue=archive&limit=7", None), host.replies["GET", "/api/v1/jobs"][1])

    def test_no_jobs_are_said_to_be_none(self):
        host = self.host()
        self.reply(host, "GET", "jobs", {"total": 0, "jobs": []})
        self.assertEqual(self.ctl("jobs")[0], "no jobs\n")

    def test_foreign_names_cannot_touch_the_terminal(self):
        host = self.host()
        evil = "a\x1b[2J\n\x9b\u202e" + "\U0001f600" * 75
        self.reply(host, "GET", "jobs", {"total": 1, "jobs": [job(name=evil, why=evil, note=evil)]})
        self.reply(host, "GET", "jobs/x1234", job(name=evil, submitter=evil, sets=[set_of(evil, why=evil)]))
        for command in (["jobs"], ["job", "x1234"]):
            out, _ = self.ctl(*command)
            self.assertFalse(set(out) & set("\x1b\x07\x9b\u202e"), out)

    def test_one_job_is_shown_with_its_files(self):
        host = self.host()
        self.reply(host, "GET", "jobs/gears", job(sets=[
            set_of(materials=["PLA_Black", None, "PETG"], profiles=["prusa-mk3s"]), set_of("axle.gcode")]))
        out = self.both(host, ["job", "gears"], ("GET", "jobs/gears", None),
                        host.replies["GET", "/api/v1/jobs/gears"][1])
        self.assertIn("     for prusa-mk3s\n     of PLA_Black, any, PETG\n", out)
        self.assertIn("  copies    1 of 3 done, 25 min 08 s to go, 2.5 m of filament\n", out)

    def test_edits_and_moves_are_sent_as_meant(self):
        host = self.host()
        doc = job()
        for path in ("jobs/gears", "jobs/gears/move", "jobs/gears/sets/" + doc["sets"][0]["id"]):
            for method in ("GET", "PATCH", "POST", "DELETE"):
                self.reply(host, method, path, doc)
        first = "jobs/gears/sets/" + doc["sets"][0]["id"]
        for args, wanted in [
                ("edit gears count=20 draft=no repeat=yes name=x=y", ("PATCH", "jobs/gears", {
                    "count": 20, "draft": False, "repeat": True, "name": "x=y"})),
                ("edit gears note=", ("PATCH", "jobs/gears", {"note": ""})),
                ("set gears 1 count=4 remaining=0", ("PATCH", first, {"count": 4, "remaining": 0})),
                ("set gears gear.gcode materials=PETG,,any profiles=a,b", ("PATCH", first, {
                    "materials": ["PETG", None, None], "profiles": ["a", "b"]})),
                ("set gears 1 file=new.gcode position=2", ("PATCH", first, {"path": "new.gcode", "position": 2})),
                ("set gears 1 materials=", ("PATCH", first, {"materials": []})),
                ("set gears 1 rm", ("DELETE", first, None)),
                ("move gears 1", ("POST", "jobs/gears/move", {"position": 1})),
                ("move gears local", ("POST", "jobs/gears/move", {"queue": "local"})),
                ("move gears local:3", ("POST", "jobs/gears/move", {"queue": "local", "position": 3}))]:
            self.both(host, args.split(), wanted, doc)

    def test_a_place_stands_for_a_job_where_none_has_that_name(self):
        host = self.host()
        self.reply(host, "GET", "jobs", {"total": 2, "jobs": [job(0), job(1)]})
        self.reply(host, "POST", "jobs/%s/move" % IDS[1], job(1))
        self.reply(host, "GET", "jobs/" + IDS[1], job(1))
        self.ctl("move", "2", "1")
        self.assertEqual(self.last(host), ("POST", "jobs/%s/move" % IDS[1], {"position": 1}))
        self.ctl("job", "2")
        self.assertEqual(self.last(host)[1], "jobs/" + IDS[1])
        self.ctl("job", "3", status=1)
        self.reply(host, "GET", "jobs/2", job(0, name="2"))
        self.ctl("job", "2")
        self.assertEqual(self.last(host)[1], "jobs/2")
        self.reply(host, "POST", "jobs/act", said('there is no job "1"'), 404)
        self.ctl("rm", "1", status=1)
        self.assertEqual(self.last(host), ("POST", "jobs/act", {"action": "remove", "jobs": ["1"]}))

    def test_several_jobs_are_acted_on_at_once(self):
        host = self.host()
        doc = {"jobs": [job(0), job(1, name=None)]}
        self.reply(host, "POST", "jobs/act", doc)
        for name, action, line in [
                ("rm", "remove", "is in the archive; ppctl restore 93779d brings it back"),
                ("restore", "restore", "is back, at the end of the queue"),
                ("reset", "reset", "is printed from its beginning again")]:
            out = self.both(host, [name, "gears", "4a63"],
                            ("POST", "jobs/act", {"action": action, "jobs": ["gears", "4a63"]}), doc)
            self.assertEqual(out, "gears (93779d) %s\ngear.gcode (1c4a63) %s\n" % (
                line, line.replace("93779d", "1c4a63")))

    def test_mistakes_are_named_and_the_status_is_2(self):
        host = self.host()
        self.reply(host, "GET", "jobs/gears", job())
        for args, text in [
                ("jobs -n 0", "1 to 1000"), ("edit gears", "argument is missing"), ("edit gears count=0", '"0"'),
                ("edit gears count=1000000000", '"1000000000"'), ("edit gears count=-1", '"-1"'),
                ("edit gears draft=maybe", 'draft="maybe": must be yes or no'), ("edit gears size=3", "KEY one of name"),
                ("edit gears count=2 count=3", "count is there twice"), ("edit gears x", "KEY=VALUE is wanted"),
                ("set gears 1 count=x", '"x"'), ("move gears local:front", "POSITION must be a number"),
                ("add a.gjob b.gcode", "add it alone"), ("add gear.gcode*0", "from 1 to 999999"),
                ("add -n many gear.gcode", '-n "many"'), ("template save x", "missing: NAME ID"),
                ("template use x -n 0", '"0"'), ("template make", "list, save, use or rm"),
                ("quarantine clear", "list or rm"), ("files cp a", "ls, mkdir, mv or rm"), ("files mv a", "FROM TO"),
                ("queue edit local kind=x", "KEY one of strategy, share"), ("queue stop local", "takeover or release"),
                ("stats --by week", "printer, file, material or day"), ("stats --days 0", "1 to 36500"),
                ("load 8 PLA", "0 to 7"), ("load 0", "MATERIAL or SPOOL is missing"),
                ("spool add x", "type=PLA"), ("spool add x type=PLA left=much", 'left="much"'),
                ("spool add x type=PLA left=-1", "0 to 100000"), ("script run x", "show, set, edit, test or rm"),
                ("event set", "missing")]:
            self.assertIn(text, self.ctl(*args.split(), status=2)[1], args)

    def test_a_set_that_is_none_or_several_is_refused(self):
        host = self.host()
        self.reply(host, "GET", "jobs/gears", job(sets=[set_of("a/x.gcode"), set_of("b/x.gcode")]))
        self.assertIn("no file of this job; ppctl job gears lists", self.ctl("set", "gears", "3", "rm", status=1)[1])
        self.assertIn("several files of this job", self.ctl("set", "gears", "x.gcode", "rm", status=1)[1])

    def test_what_the_host_refuses_is_status_1_and_its_words(self):
        host = self.host()
        error = said('job "gears" was changed by ana in the meantime', code="busy")
        self.reply(host, "PATCH", "jobs/gears", error, 409)
        self.assertEqual(self.ctl("edit", "gears", "count=2", status=1)[1],
                         'ppctl: job "gears" was changed by ana in the meantime\n')
        out, _ = self.ctl("--json", "edit", "gears", "count=2", status=1)
        self.assertEqual(json.loads(out), error)

    def test_every_command_says_3_when_no_host_answers(self):
        for args in ("jobs", "job x", "add %s" % self.part, "edit x count=1", "set x 1 rm", "move x 1", "rm x",
                     "restore x", "reset x", "export x", "import %s" % self.part, "template", "start", "stop",
                     "quarantine", "files", "queues", "queue enable local", "stats", "load", "spools", "profiles",
                     "spool rm x", "scripts", "script show x", "condition show x", "events", "event set finish"):
            self.ctl(*args.split(), status=3)
            self.ctl("-H", "127.0.0.1:1", *args.split(), status=3)

    def test_several_hosts_are_all_read_and_none_is_changed_by_guess(self):
        for name in ("a", "b"):
            self.reply(self.host(name), "GET", "jobs", {"total": 0, "jobs": []})
        self.assertEqual(self.ctl("jobs")[0], "a:\nno jobs\n\nb:\nno jobs\n")
        docs = json.loads(self.ctl("--json", "jobs")[0])["hosts"]
        self.assertEqual([(d["name"], d["jobs"]) for d in docs], [(n, {"total": 0, "jobs": []}) for n in "ab"])
        for args in ("rm x", "start", "add x", "move x 1", "export x"):
            self.assertIn("one of: a, b", self.ctl(*args.split(), status=2)[1])


class Adding(QueueBase):
    def setUp(self):
        super().setUp()
        self.axle = os.path.join(self.tmp, "axle.gcode")
        with open(self.axle, "w") as out:
            out.write("G28\n")

    def uploads(self, host):
        return [r[1] for r in host.requests if r[0] == "PUT"]

    def test_files_are_sent_and_become_a_job(self):
        host = self.host()
        self.reply(host, "POST", "jobs", job(), 201)
        self.reply(host, "GET", "manage", manage())
        out, _ = self.ctl("add", "-n", "3", "--job", "gears", "--material", "PLA,any", "--profile", "mk3",
                          "--front", "--repeat", "--folder", "toys", self.part + "*4", self.axle)
        self.assertEqual(self.uploads(host), ["/api/v1/files/toys%2Fpart.gcode", "/api/v1/files/toys%2Faxle.gcode"])
        body = json.loads(next(r[2] for r in host.requests if r[1] == "/api/v1/jobs"))
        wants = {"profiles": ["mk3"], "materials": ["PLA", None]}
        self.assertEqual(body, {
            "name": "gears", "queue": "local", "count": 3, "position": 1, "draft": False, "repeat": True,
            "share": False, "sets": [dict(wants, path="toys/part.gcode", count=4),
                                     dict(wants, path="toys/axle.gcode", count=1)]})
        self.assertTrue(out.endswith("nothing is managed: ppctl start prints what is in the queue\n"), out)
        self.reply(host, "GET", "manage", manage(**ON))
        self.assertNotIn("ppctl start", self.ctl("add", self.axle)[0])

    def test_json_of_add_is_the_job_alone(self):
        host = self.host()
        self.reply(host, "POST", "jobs", job(), 201)
        out, err = self.ctl("--json", "add", self.part)
        self.assertEqual((json.loads(out), err), (job(), ""))

    def test_a_file_of_the_host_goes_by_its_name(self):
        host = self.host()
        self.reply(host, "GET", "files/shelf%2Fvase.gcode", {"name": "shelf/vase.gcode"})
        self.reply(host, "POST", "jobs", job(), 201)
        self.ctl("add", "shelf/vase.gcode*2")
        body = json.loads(next(r[2] for r in host.requests if r[1] == "/api/v1/jobs"))
        self.assertEqual([(s["path"], s["count"]) for s in body["sets"]], [("shelf/vase.gcode", 2)])
        self.assertEqual(self.uploads(host), [])

    def test_nothing_is_sent_when_one_of_them_is_nowhere(self):
        host = self.host()
        self.assertIn('"nope.gcode": there is no such file, neither here nor on the host',
                      self.ctl("add", self.part, "nope.gcode", status=1)[1])
        self.ctl("add", self.part, self.tmp + "/nope.gcode", status=1)
        self.ctl("add", self.part, self.tmp, status=1)
        self.assertEqual(self.uploads(host), [])

    def test_a_name_with_a_star_in_it_is_a_file(self):
        host = self.host()
        self.reply(host, "POST", "jobs", job(), 201)
        star = os.path.join(self.tmp, "a*4")
        os.link(self.part, star)
        self.ctl("add", star)
        self.assertEqual(self.uploads(host), ["/api/v1/files/a%2A4"])

    def test_a_draft_of_that_name_is_added_to(self):
        host = self.host()
        self.reply(host, "GET", "jobs/gears", job(draft=True))
        self.reply(host, "POST", "jobs/%s/sets" % IDS[0], job(draft=True), 201)
        out, _ = self.ctl("add", "--job", "gears", self.part, self.axle)
        added = [json.loads(r[2])["path"] for r in host.requests if r[0] == "POST"]
        self.assertEqual(added, ["part.gcode", "axle.gcode"])
        self.assertIn("ppctl edit gears draft=no when it is complete", out)
        self.reply(host, "GET", "jobs/gears", job())
        self.reply(host, "POST", "jobs", job(), 201)
        self.ctl("add", "--job", "gears", self.part)
        self.assertEqual([r[1] for r in host.requests if r[0] == "POST"][-1], "/api/v1/jobs")

    def test_a_package_is_imported_and_says_what_comes_next(self):
        host = self.host()
        package = os.path.join(self.tmp, "gears.gjob")
        with open(package, "wb") as out:
            out.write(b"PK\x05\x06" + bytes(18))
        doc = job(draft=True, state="draft", notice="profile \x1b unknown")
        self.reply(host, "PUT", "jobs/import", doc, 201)
        for args in (["add", package], ["import", package, "--queue", "b"]):
            out, _ = self.ctl(*args)
            self.assertIn("profile \\x1b unknown\nit is a draft: ppctl edit 93779d draft=no", out)
        path = host.requests[-1][1]
        self.assertEqual(parse_qs(urlsplit(path).query), {"name": ["gears.gjob"], "queue": ["b"]})
        self.assertEqual(json.loads(self.ctl("--json", "import", package)[0]), doc)

    def test_export_writes_a_file_that_was_not_there(self):
        host = self.host()
        self.reply(host, "GET", "jobs/gears/export", b"PK-bytes")
        target = os.path.join(self.tmp, "out.gjob")
        self.assertEqual(self.ctl("export", "gears", target)[0], target + ": 8 B\n")
        with open(target, "rb") as made:
            self.assertEqual(made.read(), b"PK-bytes")
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o666 & ~self.umask())
        self.assertIn("is there already", self.ctl("export", "gears", target, status=1)[1])
        self.assertIn("nofolder/x", self.ctl("export", "gears", self.tmp + "/nofolder/x", status=1)[1])
        self.assertEqual(self.ctl("export", "gears", "-")[0], "PK-bytes")
        doc = json.loads(self.ctl("--json", "export", "gears", target + "2")[0])
        self.assertEqual(doc, {"file": target + "2", "size_bytes": 8})
        self.reply(host, "GET", "jobs/nope/export", said("there is no job"), 404)
        self.ctl("export", "nope", target + "3", status=1)
        self.assertEqual(sorted(n for n in os.listdir(self.tmp) if "out" in n or "ppctl-" in n),
                         ["out.gjob", "out.gjob2"])

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask


class Around(QueueBase):
    def test_starting_and_stopping_tell_what_it_does_now(self):
        host = self.host()
        asking = manage(managing=True, state="awaiting-bed", text="waiting for a person: is the bed clear?",
                        needs_person=True)
        self.reply(host, "POST", "manage/start", asking)
        self.reply(host, "POST", "manage/stop", manage())
        self.assertEqual(self.both(host, ["start"], ("POST", "manage/start", {}), asking),
                         "mk3: waiting for a person: is the bed clear? (answer with: ppctl confirm)\n")
        self.assertEqual(self.both(host, ["stop"], ("POST", "manage/stop", {}), manage()), "mk3: not managing\n")
        self.reply(host, "POST", "manage/start", manage(**ON))
        self.assertEqual(self.ctl("start")[0], "mk3: nothing to print (ppctl add FILE)\n")
        self.reply(host, "POST", "manage/start", manage(managing=True, state="idle", text="quiet hours: ..."))
        self.assertEqual(self.ctl("start")[0], "mk3: quiet hours: ...\n")
        self.reply(host, "POST", "manage/stop", manage(text="not managing: it failed", needs_person=True))
        self.assertEqual(self.ctl("stop")[0], "mk3: not managing: it failed\n")

    def test_status_shows_the_queue_in_line_with_the_rest(self):
        host = self.host()
        host.status.update(manage=manage())
        self.assertIn("\n  queue      not managing\n", self.ctl("status")[0])

    def test_watch_tells_what_managing_does(self):
        host = self.host()
        host.status.update(manage=manage())
        child = self.start("watch")
        until(lambda: host.feeds)
        host.emit({"type": "manage", "manage": manage(**ON)})
        host.emit({"type": "manage", "manage": manage(**ON)})
        host.emit({"type": "manage", "manage": manage(text="printing\x1b")})
        lines = [child.stdout.readline()[21:] for _ in range(3)]
        child.send_signal(signal.SIGINT)
        self.end(child, 130)
        self.assertEqual(lines, ["mk3  operational\n", "mk3: queue: nothing to print\n",
                                 "mk3: queue: printing\\x1b\n"])

    def test_confirm_answers_every_kind_of_question(self):
        host = self.host()
        for question, words, answer in [
                (MATERIAL, ["loaded"], "loaded"), (MATERIAL, ["3a3a", "not now"], "not now"),
                (MATERIAL, ["2"], "not now"), (SCRIPT, [], "continue"), (FILE, ["look again"], "look again"),
                (dict(QUESTION, text='Is the bed clear? "vase.gcode" waits for it.'), [], "yes")]:
            host.status.update(asks(question))
            out, _ = self.ctl("confirm", *words)
            self.assertEqual(self.last(host), ("POST", "confirm", {"id": question["id"], "answer": answer}))
            self.assertEqual(out, "mk3: answered %s to: %s\n" % (answer, question["text"]))
        for question in (MATERIAL, FILE):
            host.status.update(asks(question))
            self.assertIn('say which answer: %s, "not now"' % ("loaded" if question is MATERIAL else '"look again"'),
                          self.ctl("confirm", status=2)[1])
            out, _ = self.ctl("status")
            self.assertIn("not now", out)

    def test_templates_queues_quarantine_and_sums(self):
        host = self.host()
        spec = {"name": "weekly", "job": {"count": 2, "sets": [set_of()]}}
        self.reply(host, "GET", "templates", {"templates": [spec]})
        self.reply(host, "PUT", "templates/weekly%20one", spec)
        self.reply(host, "POST", "templates/weekly/use", job(), 201)
        self.reply(host, "DELETE", "templates/weekly", None, 204)
        out = self.both(host, ["template"], ("GET", "templates", None), {"templates": [spec]})
        self.assertEqual(out.split(), ["weekly", "2", "x", "1", "file"])
        self.both(host, ["template", "save", "weekly one", "gears"],
                  ("PUT", "templates/weekly%20one", {"job": "gears"}), spec)
        self.both(host, ["template", "use", "weekly", "-n", "4", "--job", "again", "--queue", "local"],
                  ("POST", "templates/weekly/use", {"count": 4, "name": "again", "queue": "local"}), job())
        self.both(host, ["template", "rm", "weekly"], ("DELETE", "templates/weekly", None))

        queue = {"name": "local", "kind": "local", "strategy": "in-order", "enabled": False, "share": False,
                 "jobs": 2, "archived": 10, "time_left_ms": 754000}
        self.reply(host, "GET", "queues", {"queues": [queue]})
        self.reply(host, "PATCH", "queues/local", queue)
        out = self.both(host, ["queues"], ("GET", "queues", None), {"queues": [queue]})
        self.assertEqual(out.splitlines()[1].split(),
                         ["local", "local", "in-order", "2", "10", "12", "min", "34", "s", "disabled"])
        self.both(host, ["queue", "edit", "local", "strategy=oldest-first", "share=yes"],
                  ("PATCH", "queues/local", {"strategy": "oldest-first", "share": True}), queue)
        world = {"name": "world", "registry": "print.example.org", "identity": "/keys/trusted_peer_1.priv"}
        self.reply(host, "POST", "queues", queue)
        for option in ("--identity", "--key"):
            self.both(host, ["queue", "add", "world", "--registry", "print.example.org", option,
                             "/keys/trusted_peer_1.priv"], ("POST", "queues", world), queue)
        self.both(host, ["queue", "enable", "local"], ("PATCH", "queues/local", {"enabled": True}), queue)
        self.both(host, ["queue", "disable", "local"], ("PATCH", "queues/local", {"enabled": False}), queue)

        held = manage(quarantine=[{"path": "vase.gcode", "sha256": "0" * 64, "reason": "failed 3 times",
                                   "since_ms": 1763620927000}])
        self.reply(host, "GET", "manage", held)
        self.reply(host, "DELETE", "quarantine", None, 204)
        self.assertEqual(self.both(host, ["quarantine"], ("GET", "manage", None), held),
                         "vase.gcode  since 2025-11-20 06:42: failed 3 times\n")
        self.both(host, ["quarantine", "rm", "a b"], ("DELETE", "quarantine?what=a%20b", None))
        self.both(host, ["quarantine", "rm"], ("DELETE", "quarantine", None))

        row = {"key": "mk3", "prints": 12, "success": 9, "failure": 1, "cancelled": 1, "aborted": 0,
               "interrupted": 1, "time_ms": 7540000, "filament_mm": 12345.6, "grams": 36.8}
        self.reply(host, "GET", "stats", {"stats": [row]})
        self.assertEqual(self.both(host, ["stats"], ("GET", "stats?by=printer&since_ms=0", None),
                                   {"stats": [row]}).splitlines()[1].split(),
                         ["mk3", "12", "9", "2", "1", "2", "h", "05", "min", "12.3", "m", "37", "g"])

    def test_history_is_filtered_by_the_host(self):
        host = self.host()
        self.ctl("history", "--file", "a b.gcode", "--result", "failure", "-n", "5")
        self.assertEqual(parse_qs(urlsplit(host.requests[-1][1]).query),
                         {"limit": ["5"], "file": ["a b.gcode"], "result": ["failure"]})

    def test_an_empty_history_says_whether_it_was_filtered(self):
        self.host()
        self.assertEqual(self.ctl("history")[0], "nothing printed yet\n")
        self.assertEqual(self.ctl("history", "--job", "gears")[0], "no such print\n")

    def test_files_and_folders(self):
        host = self.host()
        files = {"folders": ["shelf"], "files": [
            {"name": "a.gcode", "size_bytes": 1000, "analysis": {"time_ms": 60000}},
            {"name": "shelf/b.gcode", "size_bytes": 999, "analysis": None}]}
        self.reply(host, "GET", "files", files)
        self.assertEqual(self.both(host, ["files"], ("GET", "files", None), files), """\
     size  time            name
        -  folder          shelf/
   1.0 kB  1 min 00 s      a.gcode
    999 B  -               shelf/b.gcode
""")
        self.assertEqual(self.ctl("files", "ls", "shelf/")[0].count("\n"), 2)
        self.assertEqual(self.ctl("files", "ls", "she")[0], "nothing in this folder\n")
        self.reply(host, "POST", "folders", {"name": "x"}, 201)
        self.reply(host, "POST", "files/move", files["files"][0])
        self.reply(host, "DELETE", "files/shelf%2Fb.gcode", None, 204)
        self.reply(host, "DELETE", "folders/shelf", None, 204)
        self.both(host, ["files", "mkdir", "x"], ("POST", "folders", {"name": "x"}), {"name": "x"})
        self.both(host, ["files", "mv", "a.gcode", "x/a.gcode"],
                  ("POST", "files/move", {"from": "a.gcode", "to": "x/a.gcode"}), files["files"][0])
        self.both(host, ["files", "rm", "shelf/b.gcode"], ("DELETE", "files/shelf%2Fb.gcode", None))
        self.both(host, ["files", "rm", "shelf/b.gcode", "--force"], ("DELETE", "files/shelf%2Fb.gcode?force=1", None))
        self.both(host, ["files", "rm", "shelf/"], ("DELETE", "folders/shelf", None))

    def test_spools_and_what_is_loaded(self):
        host = self.host()
        spool = {"id": IDS[0], "name": "black-1", "type": "PLA", "color": "Black", "rgb": "#101010", "net_g": 1000,
                 "left_g": 420.4, "density_g_cm3": None, "diameter_mm": None, "archived": False}
        doc = {"spools": [spool], "tools": [{"tool": 0, "material": "PLA_Black", "spool": spool}], "materials": []}
        self.reply(host, "GET", "spools", doc)
        self.reply(host, "POST", "spools", doc, 201)
        self.reply(host, "PATCH", "spools/black-1", doc)
        self.reply(host, "DELETE", "spools/black-1", None, 204)
        self.reply(host, "PUT", "tools/0", doc)
        self.assertEqual(self.both(host, ["spools"], ("GET", "spools", None), doc), """\
id      spool                 material                           left
93779d  black-1               PLA Black #101010                 420 g of 1000
tool 0: PLA_Black, spool black-1
""")
        self.assertEqual(self.both(host, ["load"], ("GET", "spools", None), doc), "tool 0: PLA_Black, spool black-1\n")
        self.both(host, ["load", "0", "PLA_Black"], ("PUT", "tools/0", {"holds": "PLA_Black"}), doc)
        self.both(host, ["load", "0", "none"], ("PUT", "tools/0", {"holds": ""}), doc)
        self.both(host, shlex.split("spool add 'black 1' type=PLA color=Black net=1000 left=unknown"),
                  ("POST", "spools", {"name": "black 1", "type": "PLA", "color": "Black", "net_g": 1000.0,
                                      "left_g": None}), doc)
        self.both(host, ["spool", "edit", "black-1", "left=420.5", "archived=yes"],
                  ("PATCH", "spools/black-1", {"left_g": 420.5, "archived": True}), doc)
        self.both(host, ["spool", "rm", "black-1"], ("DELETE", "spools/black-1", None))
        self.reply(host, "GET", "spools", {"spools": [], "tools": [], "materials": []})
        self.assertIn("ppctl spool add", self.ctl("spools")[0])
        self.assertIn("ppctl load TOOL MATERIAL", self.ctl("load")[0])

    def test_profiles_are_found_by_a_word(self):
        host = self.host()
        rows = [{"id": "prusa-mk3s", "name": "Original Prusa i3 MK3S", "models": ["MK3S"], "min_mm": [0, -4, 0],
                 "max_mm": [250, 210, 210], "round": False},
                {"id": "delta", "name": "A delta", "models": [], "min_mm": [-90, -90, 0], "max_mm": [90, 90, 300],
                 "round": True}]
        doc = {"profiles": rows, "mistakes": []}
        self.reply(host, "GET", "profiles", doc)
        out = self.both(host, ["profiles"], ("GET", "profiles", None), doc)
        self.assertEqual([line.split("  ")[-1].strip() for line in out.splitlines()],
                         ["mm", "250 x 214 x 210", "round, 180 x 180 x 300"])
        self.assertEqual(json.loads(self.ctl("--json", "profiles", "PRUSA")[0])["profiles"], rows[:1])
        self.assertEqual(self.ctl("profiles", "bambu")[0], "no such profile\n")


class Scripts(QueueBase):
    DOC = {"scripts": [{"name": "push", "description": "Pushes\nit off.", "body": "G28\nG1 Y5 \x1b\n", "shipped": False,
                        "clears_bed": True}],
           "conditions": [{"name": "bed-hot", "description": "Hot", "body": "return true", "shipped": True}],
           "events": {"finish": [], "print_success": [{"script": "push", "condition": "bed-hot"}]}, "mistakes": []}

    def scripted(self):
        host = self.host()
        self.reply(host, "GET", "scripts", self.DOC)
        return host

    def test_scripts_and_events_are_listed(self):
        host = self.scripted()
        out = self.both(host, ["scripts"], ("GET", "scripts", None), self.DOC)
        self.assertIn("push                   (yours, clears the bed) Pushes it off.\n", out)
        out = self.both(host, ["events"], ("GET", "scripts", None), self.DOC)
        self.assertEqual(out, "finish                 -\nprint_success          push if bed-hot\n")

    def test_a_script_is_shown_saved_and_removed(self):
        host = self.scripted()
        path = os.path.join(self.tmp, "push.gcode")
        with open(path, "w") as out:
            out.write("G1 Y150\n")
        self.assertEqual(self.both(host, ["script", "show", "push"], ("GET", "scripts", None), self.DOC["scripts"][0]),
                         "G28\nG1 Y5 \\x1b\n")
        self.reply(host, "PUT", "scripts/push", {"name": "push"})
        self.reply(host, "PUT", "conditions/bed-hot", {"name": "bed-hot"})
        self.reply(host, "DELETE", "scripts/push", None, 204)
        self.both(host, ["script", "set", "push", path, "--text", "mine"],
                  ("PUT", "scripts/push", {"body": "G1 Y150\n", "description": "mine", "clears_bed": True}),
                  {"name": "push"})
        self.both(host, ["condition", "set", "bed-hot", path],
                  ("PUT", "conditions/bed-hot", {"body": "G1 Y150\n", "description": "Hot"}), {"name": "bed-hot"})
        self.both(host, ["script", "rm", "push"], ("DELETE", "scripts/push", None))
        self.assertIn('no script "nope"', self.ctl("script", "show", "nope", status=1)[1])
        self.assertIn("No such file", self.ctl("script", "set", "push", "/nope", status=1)[1])

    def test_a_script_is_edited_in_the_editor(self):
        host = self.scripted()
        self.reply(host, "PUT", "scripts/push", {"name": "push"})
        self.assertEqual(self.ctl("script", "edit", "push", EDITOR="true")[0], "not changed\n")
        self.assertEqual(self.ctl("script", "edit", "push", EDITOR="sed -i s/G28/G29/")[0], "mk3: saved\n")
        self.assertEqual(self.last(host)[2]["body"], "G29\nG1 Y5 \x1b\n")
        self.assertIn("nothing is changed", self.ctl("script", "edit", "push", status=1, EDITOR="false")[1])
        self.assertEqual(self.ctl("--json", "script", "edit", "push", EDITOR="true")[0].count("\n"), 1)

    def test_a_trial_says_what_would_be_sent(self):
        host = self.scripted()
        doc = {"runs": True, "gcode": "G28\nM117 \x1b", "error": None, "said": "hot"}
        self.reply(host, "POST", "scripts/try", doc)
        out = self.both(host, ["script", "test", "push", "--condition", "bed-hot", "--moment", "finish"],
                        ("POST", "scripts/try", {"script": "push", "condition": "bed-hot", "moment": "finish"}), doc)
        self.assertEqual(out, "it would run now\nit says: hot\n  G28\n  M117 \\x1b\n")
        self.both(host, ["condition", "test", "bed-hot"], ("POST", "scripts/try", {"condition": "bed-hot"}), doc)
        self.reply(host, "POST", "scripts/try", {"runs": False, "gcode": None, "error": "line 1: oops", "said": None})
        self.assertEqual(self.ctl("condition", "test", "bed-hot", status=1), ("", "ppctl: line 1: oops\n"))
        self.assertEqual(json.loads(self.ctl("--json", "condition", "test", "bed-hot", status=1)[0])["runs"], False)

    def test_an_event_gets_its_scripts(self):
        host = self.scripted()
        self.reply(host, "PUT", "events/finish", {"hooks": []})
        self.both(host, ["event", "set", "finish", "sweep:part-high", "off"], ("PUT", "events/finish", {"hooks": [
            {"script": "sweep", "condition": "part-high"}, {"script": "off", "condition": ""}]}), {"hooks": []})
        self.assertEqual(self.ctl("event", "set", "finish")[0], "mk3: nothing runs at this event\n")


class Help(QueueBase):
    def examples(self):
        names = [line.split()[0] for line in self.ctl("help")[0].splitlines()
                 if line.startswith("  ") and line[2].isalpha()]
        for name in names:
            for line in self.ctl("help", name)[0].splitlines():
                if line.startswith("  ppctl "):
                    yield shlex.split(re.split("[|>]", line)[0])[1:]

    def test_every_example_is_a_command_line_that_makes_sense(self):
        examples = list(self.examples())
        self.assertGreater(len(examples), 60)
        for name in ("benchy.gcode", "gear.gcode", "axle.gcode", "vase.gcode", "party.gjob", "gears.gjob",
                     "push.gcode", "bracket.gcode"):
            with open(os.path.join(self.tmp, name), "w") as out:
                out.write("G28\n")
        for words in examples:
            if words[0] == "help":
                continue
            words = ["-H", "127.0.0.1:1"] + ([] if "-H" not in words else []) + [
                w for i, w in enumerate(words) if w != "-H" and (i == 0 or words[i - 1] != "-H")]
            child = subprocess.run([PPCTL, *words], env=self.env, cwd=self.tmp, stdin=subprocess.DEVNULL,
                                   capture_output=True, text=True, timeout=30)
            self.assertEqual(child.returncode, 3, "%s: %s" % (words, child.stderr))


class Completing(QueueBase):
    def offers(self, *words):
        return self.ctl("--complete", *words)[0].split()

    def test_jobs_are_offered_where_a_job_is_meant(self):
        host = self.host()
        rows = [job(0), job(1, name=None), job(0, id=IDS[0][:-4] + "beef", name="a $(b)"),
                job(0, id=IDS[0][:-4] + "cafe", name="twin"), job(0, id=IDS[0][:-4] + "f00d", name="twin")]
        self.reply(host, "GET", "jobs", {"total": 5, "jobs": rows})
        for command in ("job", "edit", "set", "move", "rm", "reset", "export", "restore"):
            self.assertEqual(self.offers(command, ""), ["gears", "gear.gcode", "93beef", "93cafe", "93f00d"])
        self.assertEqual(parse_qs(urlsplit(host.requests[-1][1]).query)["queue"], ["archive"])
        self.assertEqual(self.offers("rm", "gears", "g"), ["gears", "gear.gcode"])
        self.assertEqual(self.offers("job", "9"), ["93779d", "93beef", "93cafe", "93f00d"])
        self.assertEqual(self.offers("edit", "gears", "d"), ["draft=yes", "draft=no"])
        self.assertEqual(self.offers("-H", "mk3", "rm", "ge"), ["gears", "gear.gcode"])

    def test_a_host_that_is_away_or_slow_offers_nothing(self):
        self.assertEqual(self.offers("rm", ""), [])
        host = self.host()
        host.replies["GET", "/api/v1/jobs"] = lambda body: (time.sleep(1), (200, {"jobs": [job()], "total": 1}))[1]
        begin = time.monotonic()
        self.assertEqual(self.offers("rm", ""), [])
        self.assertLess(time.monotonic() - begin, 0.9)


class Printing(PrintBase):
    """print through the queue."""

    OURS = IDS[1]

    def take(self, host, queued=False, **changes):
        def reply(body):
            host.asked = json.loads(body)
            host.status.update(changes)
            return 200, dict(host.status, job_id=self.OURS, queued=queued,
                             waits=bool(changes.get("questions")))
        host.replies["POST", "/api/v1/print"] = reply
        host.replies["GET", "/api/v1/jobs/" + self.OURS] = 200, job(1)

    def ours(self, **more):
        return run(**dict({"job": self.OURS}, **more))

    def other(self, **more):
        return run(**dict({"id": "run-0", "job": IDS[0]}, **more))

    BUSY = dict(state="printing", job=printed(run_id="run-0", file_name="other.gcode"),
                manage=manage(managing=True, state="printing", text="printing", job=IDS[0]))

    def test_a_busy_printer_queues_it_and_says_behind_how_many(self):
        host = self.host()
        host.status.update(self.BUSY)
        self.take(host, queued=True)
        host.replies["GET", "/api/v1/jobs"] = 200, {"total": 2, "jobs": [
            job(1, state="next"), job(0, state="printing")]}
        self.assertTrue(self.ctl("print", self.part)[0].endswith(
            "mk3: queued behind 1 job; now it prints other.gcode\n"))
        doc = json.loads(self.ctl("--json", "print", self.part)[0])
        self.assertEqual((doc["job"], doc["queued"], doc["waits"]), (self.OURS, True, False))
        host.status.update(manage=manage())
        self.assertTrue(self.ctl("print", self.part)[0].endswith(
            "nothing is managed: ppctl start prints it then\n"))

    def test_what_the_host_has_already_is_not_sent_again_nor_taken_back(self):
        host = self.host()
        self.take(host)
        with open(self.part, "rb") as part:
            data = part.read()
        there = {"name": "part.gcode", "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                 "analysis": {"commands": 2000}}
        host.replies["GET", "/api/v1/files/part.gcode"] = 200, there
        self.ctl("print", self.part)
        host.replies["POST", "/api/v1/print"] = 422, said("X 300 mm: at most 250", code="refused")
        self.ctl("print", self.part, status=1)
        self.assertFalse([r for r in host.requests if r[0] in ("PUT", "DELETE")])
        host.replies["GET", "/api/v1/files/part.gcode"] = 200, dict(there, sha256="0" * 64)
        self.take(host)
        self.ctl("print", self.part)
        self.assertEqual(len([r for r in host.requests if r[0] == "PUT"]), 1)

    def test_nothing_is_queued_behind_a_print_that_was_cut_off(self):
        host = self.host()
        host.status.update(state="recovering", job=printed(file_name="other.gcode"))
        self.assertIn('"other.gcode" was cut off: first ppctl recover, or ppctl cancel',
                      self.ctl("print", self.part, status=1)[1])
        self.assertFalse([r for r in host.requests if r[0] != "GET"])

    def test_wait_follows_its_own_job_when_the_other_has_the_same_file(self):
        host = self.host()
        host.status.update(dict(self.BUSY, job=printed(run_id="run-0", started_ms=1000000)))
        self.take(host, queued=True)
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit({"type": "run", "run": self.other(**dict(ENDED, result="failure"))})
        host.emit({"type": "manage", "manage": manage(managing=True, state="printing", job=self.OURS)})
        host.emit({"type": "run", "run": self.ours()})
        self.finish(host, job=self.OURS)
        out, _ = self.end(child, 0)
        self.assertIn("part.gcode printed in 2 min 05 s", out)

    def test_wait_goes_on_while_it_waits_for_its_turn(self):
        host = self.host()
        host.status.update(self.BUSY)
        self.take(host, queued=True)
        host.replies["GET", "/api/v1/jobs/" + self.OURS] = 200, job(1, why="tool 0 needs PETG", state="blocked")
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        until(lambda: sum(r[1] == "/api/v1/jobs/" + self.OURS for r in host.requests) >= 2)
        self.finish(host, job=self.OURS)
        out, _ = self.end(child, 0)
        self.assertIn("\ntool 0 needs PETG\n", out)

    def test_wait_goes_on_when_a_failed_print_is_tried_again(self):
        host = self.host()
        on = manage(managing=True, state="printing", job=self.OURS)
        self.take(host, manage=on)
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit({"type": "run", "run": self.ours()})
        host.emit({"type": "run", "run": self.ours(**dict(ENDED, result="failure", reason="a line was lost"))})
        host.emit({"type": "run", "run": self.ours(id="run-2", start_ms=1200000)})
        self.finish(host, id="run-2", start_ms=1200000, end_ms=1200000 + 60000, job=self.OURS)
        out, _ = self.end(child, 0)
        self.assertIn("part.gcode: failure: a line was lost; if it may be, it is tried again\n", out)
        self.assertIn("part.gcode printed in 1 min 00 s", out)

    def test_wait_ends_with_1_when_it_is_not_tried_again(self):
        host = self.host()
        self.take(host, manage=manage(managing=True, state="printing", job=self.OURS))
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit({"type": "run", "run": self.ours(**dict(ENDED, result="failure", reason="a line was lost"))})
        host.emit(manage=manage(text="managing has stopped"))
        _, err = self.end(child, 1)
        self.assertIn("part.gcode: failure after 2 min 05 s", err)

    def test_wait_without_a_terminal_tells_how_to_answer_and_that_the_job_stays(self):
        host = self.host()
        asking = dict(asks(QUESTION), manage=manage(state="awaiting-bed", needs_person=True, job=self.OURS))
        self.take(host, **asking)
        _, err = self.end(self.start("print", "--wait", self.part), 1)
        self.assertIn("ppctl confirm; ppctl rm 1c4a63 takes it off the queue", err)

    def test_wait_tells_a_job_that_somebody_has_removed(self):
        host = self.host()
        self.take(host)
        host.replies["GET", "/api/v1/jobs/" + self.OURS] = 200, job(1, archived_ms=5, state="removed")
        _, err = self.end(self.start("print", "--wait", self.part), 1)
        self.assertIn("its job is gone from the queue", err)

    def test_wait_without_a_terminal_does_not_wait_for_somebody_to_start_managing(self):
        host = self.host()
        self.take(host, manage=manage())
        _, err = self.end(self.start("print", "--wait", self.part), 1)
        self.assertIn("not started: nothing is managed: ppctl start", err)
        self.assertIn("ppctl rm 1c4a63 takes it off", err)


if __name__ == "__main__":
    unittest.main(verbosity=1)
