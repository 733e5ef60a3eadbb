"""ppctl as a user meets it: the program itself, started on a fake host (tests/lib/fake_host.py)."""

import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = os.environ.get("PP_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from fake_host import FakeHost  # noqa: E402

BUILD = os.environ.get("PP_BIN") or os.path.join(SOURCE, "build", "dev")
PPCTL = next((p for p in (os.path.join(BUILD, "ppctl"), os.path.join(BUILD, "tools", "ppctl"))
              if os.path.isfile(p)), "ppctl")
QUESTION = {"id": "0192f0a0-1111-7000-8000-0000000a5f2c", "kind": "bed", "text": "Is the bed clear?",
            "answers": ["yes", "no"], "asked_ms": 1}
PROMPT = {"id": "0192f0a0-2222-7000-8000-0000000b77e1", "kind": "prompt", "text": "Nozzle Parked",
          "answers": ["Continue", "Purge more"], "asked_ms": 2}


def asks(*questions):
    """The members of a status with these questions open."""
    return {"question": questions[0] if questions else None, "questions": list(questions)}


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("not within %d s" % seconds)
        select.select([], [], [], 0.01)


def job(**more):
    return dict({"run_id": "run-1", "file_name": "part.gcode", "started_ms": 1000100, "size_bytes": 1000,
                 "done_bytes": 10, "lines": 10, "total_lines": 100, "elapsed_ms": 1000, "left_ms": 754000,
                 "layer": 3, "layers": 120, "z_mm": 0.6, "percent": 1.0}, **more)


def run(**more):
    return dict({"id": "run-1", "file_name": "part.gcode", "sha256": "0", "start_ms": 1000100,
                 "end_ms": None, "result": "open", "reason": None, "lines": 0, "resends": 0,
                 "filament_mm": 1.0}, **more)


ENDED = dict(end_ms=1000100 + 125000, result="success", lines=20123)


class Base(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="ppctl-e2e-")
        self.addCleanup(shutil.rmtree, self.tmp)
        self.env = {k: v for k, v in os.environ.items()
                    if k not in ("PPCTL_HOST", "PPCTL_KEY", "XDG_RUNTIME_DIR", "NO_COLOR", "COLUMNS")}
        self.env.update(PPHOST_RUNTIME=self.tmp, LC_ALL="C.UTF-8", TZ="UTC", TERM="xterm")
        self.hosts = []
        self.part = os.path.join(self.tmp, "part.gcode")
        with open(self.part, "w") as out:
            out.write("G28\nG1 X1\n" * 1000)

    def host(self, name="mk3"):
        host = FakeHost(self.tmp, name)
        self.addCleanup(host.stop)
        return host

    def start(self, *args, **more):
        return subprocess.Popen([PPCTL, *args], env=dict(self.env, **more.pop("env", {})),
                                stdin=more.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **more)

    def end(self, child, status=0):
        out, err = child.communicate(timeout=30)
        self.assertEqual(child.returncode, status, out + err)
        return out, err

    def ctl(self, *args, status=0, **env):
        out, err = self.end(self.start(*args, env=env), status)
        if status not in (0, 130):
            self.assertEqual(err.count("\n"), 1, "one line says why: " + err)
        return out, err


class Looking(Base):
    def test_status_is_aligned_text(self):
        self.host()
        out, _ = self.ctl("status")
        self.assertEqual(out, """\
mk3  operational
  tool0      209.8/210 °C
  bed        24.1 °C, off
  plate      clear
  port       /dev/ttyACM0 at 115200 baud
  firmware   Marlin 2.1.2 on MK3S
  link       52,113 lines  0 resends  4 under-runs  window 4
  acks       p50 1.2 ms  p99 5.7 ms
""")

    def test_status_shows_a_print_and_a_question(self):
        host = self.host()
        host.status.update(state="printing", job=job(percent=50.0, elapsed_ms=3723000), **asks(QUESTION))
        out, _ = self.ctl("status")
        self.assertIn("  question   Is the bed clear?\n  answer by  ppctl confirm 5f2c yes|no\n", out)
        self.assertIn("  file       part.gcode\n", out)
        self.assertIn("████████████░░░░░░░░░░░░  50 %  layer 3/120  z 0.60 mm\n", out)
        self.assertIn("  time       1:02:03 gone  0:12:34 left  ends ", out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()))

    def test_status_shows_why_a_printer_waits_and_what_its_display_says(self):
        host = self.host()
        host.status.update(state="paused", detail="waiting for a filament change", message="Nozzle\x1bParked")
        out, _ = self.ctl("status")
        self.assertIn("mk3  paused, waiting for a filament change\n  display    Nozzle\\x1bParked\n", out)

    def test_status_tells_how_the_last_print_ended_and_how_old_temperatures_are(self):
        host = self.host()
        host.status.update(state="offline", now_ms=1763620927000, temperatures_ms=1763620927000 - 90000,
                           last_run=run(result="failure", end_ms=1763620927000, reason="the printer was reset"))
        out, _ = self.ctl("status")
        self.assertIn("  last print part.gcode: failure, 2025-11-20 06:42: the printer was reset\n", out)
        self.assertIn("  tool0      209.8/210 °C, 1 min 30 s ago\n", out)

    def test_status_shows_a_copy_to_the_card(self):
        host = self.host()
        host.status.update(state="transferring", sd={"card": "ready", "printing": False, "transfer": {
            "file": "part.gcode", "name": "PART.GCO", "percent": 23.9}})
        self.assertIn("  copying    part.gcode to the card as PART.GCO, 23 %\n", self.ctl("status")[0])

    def test_every_answer_of_a_long_question_is_shown(self):
        host = self.host()
        host.status.update(**asks(dict(QUESTION, answers=[f"Answer number {n}" for n in range(8)])))
        out, _ = self.ctl("status")
        self.assertEqual(out.count('"Answer number'), 8)
        self.assertIn("say which answer:", self.ctl("confirm", status=2)[1])

    def test_json_is_the_document_of_the_host(self):
        host = self.host()
        out, _ = self.ctl("--json", "status")
        self.assertEqual(json.loads(out), host.status)

    def test_foreign_text_cannot_touch_the_terminal(self):
        host = self.host()
        host.status.update(state="error", error="bad\x1b[2J\nnews", job=job(file_name="a\x1b]0;x\x07.gcode"))
        host.status["link"]["firmware"] = "\x9bevil"
        host.lines.append({"time_ms": 1, "direction": "<", "text": "\x1b[31mred"})
        for command in (["status"], ["terminal", "-n", "5"]):
            out, _ = self.ctl(*command)
            self.assertFalse(set(out) & set("\x1b\x07\x9b"), out)

    def test_several_hosts_are_all_shown(self):
        self.host("a"), self.host("b")
        out, _ = self.ctl("status")
        self.assertEqual([line for line in out.splitlines() if not line.startswith(" ")],
                         ["a  operational", "", "b  operational"])
        out, _ = self.ctl("--json", "status")
        self.assertEqual([h["name"] for h in json.loads(out)["hosts"]], ["a", "b"])

    def test_one_of_several_that_is_silent_does_not_hide_the_others(self):
        self.host("a").stop()
        self.host("b")
        out, err = self.ctl("status", status=1)
        self.assertIn("b  operational", out)
        self.assertIn("a: no host answers", err)

    def test_log_history_and_keys_are_tables(self):
        host = self.host()
        host.lines.append({"time_ms": 1763620927000, "level": "warn", "text": "port lost"})
        host.runs.append(run(start_ms=1763620927000, end_ms=1763620927000 + 3723000, result="success",
                             lines=52113))
        host.replies["GET", "/api/v1/keys"] = 200, {
            "keys": [{"name": "cura", "scope": "print", "created_ms": 1763620927000}]}
        self.assertEqual(self.ctl("log")[0], "2025-11-20 06:42:07 warn  port lost\n")
        self.assertEqual(self.ctl("history")[0], """\
started           result           time      lines  resends  file
2025-11-20 06:42  success       1:02:03     52,113        0  part.gcode
""")
        self.assertEqual(self.ctl("key", "list")[0], """\
made              scope   name
2025-11-20 06:42  print   cura
""")

    def test_watch_tells_changes_as_lines_when_it_is_no_terminal(self):
        host = self.host()
        child = self.start("watch")
        until(lambda: host.feeds)
        host.emit(state="printing", job=job(percent=50.0))
        host.emit({"type": "progress", "job": job(percent=50.1)})
        host.emit({"type": "notice", "time_ms": 1, "text": "filament is out"})
        lines = [child.stdout.readline()[21:] for _ in range(3)]
        child.send_signal(signal.SIGINT)
        self.end(child, 130)
        self.assertEqual(lines[0], "mk3  operational\n")
        self.assertTrue(lines[1].startswith("mk3  printing  50 %"), lines[1])
        self.assertEqual(lines[2], "mk3: filament is out\n")

    def test_watch_json_is_one_document_a_line(self):
        host = self.host()
        child = self.start("--json", "watch")
        until(lambda: host.feeds)
        host.emit({"type": "bed", "bed": "occupied"})
        self.assertEqual(json.loads(child.stdout.readline())["type"], "status")
        self.assertEqual(json.loads(child.stdout.readline()), {"type": "bed", "bed": "occupied"})
        child.send_signal(signal.SIGINT)
        self.end(child, 130)

    def test_terminal_shows_the_last_lines_and_follows(self):
        host = self.host()
        host.lines += [{"time_ms": 1763620927000 + i, "direction": ">", "text": "G1 X%d" % i}
                       for i in range(30)]
        self.assertEqual(self.ctl("terminal", "-n", "2")[0], "06:42:07 > G1 X28\n06:42:07 > G1 X29\n")
        child = self.start("terminal")
        lines = [child.stdout.readline() for _ in range(20)]
        self.assertEqual(lines[0], "06:42:07 > G1 X10\n")
        host.emit({"type": "terminal", "time_ms": 1763620928000, "direction": "<", "text": "ok"})
        self.assertEqual(child.stdout.readline(), "06:42:08 < ok\n")
        child.send_signal(signal.SIGINT)
        self.end(child, 130)


class Choosing(Base):
    def test_without_a_host_the_status_is_3(self):
        self.assertIn("no host runs here", self.ctl("status", status=3)[1])
        self.assertIn('no host "mk4" runs here', self.ctl("-H", "mk4", "status", status=3)[1])
        self.assertIn("no host answers", self.ctl("-H", "127.0.0.1:1", "status", status=3)[1])

    def test_a_changing_command_never_guesses_between_hosts(self):
        a, b = self.host("a"), self.host("b")
        for command in (["pause"], ["estop"], ["print", self.part], ["temp", "bed=0"]):
            self.assertIn("one of: a, b", self.ctl(*command, status=2)[1])
        self.assertEqual(a.requests + b.requests, [])
        self.ctl("-H", "b", "pause")
        self.ctl("pause", PPCTL_HOST="b")
        self.ctl("pause", PPCTL_HOST=b.url)
        self.assertEqual([r[1] for r in b.requests], ["/api/v1/pause"] * 3)

    def test_stale_and_untrusted_runtime_files_do_not_count(self):
        host = self.host()
        gone = subprocess.Popen(["true"])
        gone.wait()
        host.write_runtime_file(pid=gone.pid)
        self.ctl("status", status=3)
        host.write_runtime_file()
        path = os.path.join(self.tmp, "mk3.json")
        os.chmod(path, 0o666)
        self.assertIn("everybody may write it", self.ctl("status", status=3)[1])
        os.chmod(path, 0o600)
        self.ctl("status")
        os.chmod(self.tmp, 0o777)
        self.assertIn("everybody may write it", self.ctl("status", status=3)[1])

    def test_garbage_among_the_runtime_files_is_left_out(self):
        self.host()
        for i, text in enumerate(["", "[]", "{", '{"name":"../x"}', '{"name":"y","url":"file:///etc"}',
                                  '{"name":"z","url":"http://127.0.0.1:1"}']):
            with open(os.path.join(self.tmp, "bad%d.json" % i), "w") as out:
                out.write(text)
        os.mkfifo(os.path.join(self.tmp, "fifo.json"))
        self.ctl("pause")

    def test_keys_come_from_a_file_or_the_environment_never_from_the_command_line(self):
        host = self.host()
        host.key = "other"
        self.assertIn("not known", self.ctl("status", status=1)[1])
        self.ctl("status", PPCTL_KEY="other")
        path = os.path.join(self.tmp, "key")
        with open(path, "w") as out:
            out.write("other\n")
        self.ctl("--key-file", path, "status", PPCTL_KEY="wrong")
        self.assertIn("PPCTL_KEY", self.ctl("status", status=1, PPCTL_KEY="wrong")[1])
        self.assertIn("--key-file", self.ctl("--key", "other", "status", status=2)[1])
        self.assertIn("no key given", self.ctl("-H", "localhost:%d" % host.port, "status", status=1)[1])

    def test_mistakes_are_named_and_the_status_is_2(self):
        self.host()
        for args, said in [([], "no command"), (["sttus"], 'did you mean "status"'),
                           (["print"], "an argument is missing"), (["status", "x"], "too many"),
                           (["print", "a", "--wiat"], "did you mean --wait"), (["temp", "bed"], "HEATER=DEGREES"),
                           (["temp", "bad=3"], "tool0 to tool7"), (["temp", "bed=hot"], "0 to 1000"),
                           (["temp", "bed=1", "bed=2"], "twice"), (["send", " "], "empty"),
                           (["key", "make"], "list, add or rm"), (["key", "add"], "missing: NAME"),
                           (["key", "add", "x", "--scope", "god"], "read, print or admin"),
                           (["log", "-n", "0"], "1 to 500"), (["history", "-n"], "needs a value"),
                           (["-H", "ftp://x", "status"], "http"), (["-H", "http://u:p@x", "status"], "no user name")]:
            self.assertIn(said, self.ctl(*args, status=2)[1])

    def test_help_knows_every_command(self):
        listed = [line.split()[0] for line in self.ctl("help")[0].splitlines()
                  if line.startswith("  ") and line[2].isalpha()]
        for name in listed:
            self.assertIn("usage: ppctl " + name, self.ctl("help", name)[0])
            self.assertIn("usage: ppctl " + name, self.ctl(name, "--help")[0])
        self.assertGreaterEqual(len(listed), 18)
        self.assertTrue(self.ctl("--version")[0].startswith("ppctl "))

    def test_completion_offers_what_can_follow(self):
        self.host()
        for words, wanted in [(["stat"], "status\nstats\n"), (["event", "s"], "set\n"), (["import", ""], ":files\n"), (["print", "--w"], "--wait\n"), (["print", ""], ":files\n"),
                              (["-H", ""], "mk3\n"), (["-H", "mk3", "pau"], "pause\n"), (["key", "r"], "rm\n"),
                              (["temp", "b"], "bed=\n"), (["key", "add", "x", "--scope", "a"], "admin\n")]:
            self.assertEqual(self.ctl("--complete", *words)[0], wanted)


class Acting(Base):
    def test_simple_commands_post_to_their_route(self):
        host = self.host()
        for name in ("pause", "resume", "cancel", "connect", "disconnect", "restart"):
            self.ctl(name)
        self.assertEqual(host.requests, [("POST", "/api/v1/" + n, b"{}") for n in
                                         ("pause", "resume", "cancel", "connect", "disconnect", "restart")])

    def test_a_refusal_is_status_1_and_the_reason_of_the_host(self):
        host = self.host()
        error = {"error": {"code": "wrong_state", "message": "nothing is printed", "field": None}}
        host.replies["POST", "/api/v1/pause"] = 409, error
        self.assertEqual(self.ctl("pause", status=1), ("", "ppctl: nothing is printed\n"))
        out, err = self.ctl("--json", "pause", status=1)
        self.assertEqual((json.loads(out), err), (error, "ppctl: nothing is printed\n"))

    def test_an_answer_that_is_not_of_a_print_host_is_said_to_be_none(self):
        host = self.host()
        host.replies["GET", "/api/v1/status"] = 200, b"<html>"
        self.assertIn("not a print host", self.ctl("status", status=1)[1])
        host.replies["GET", "/api/v1/status"] = 500, b"oops"
        self.assertIn("answers 500", self.ctl("status", status=1)[1])

    def test_temp_and_send_say_what_was_meant(self):
        host = self.host()
        self.assertEqual(self.ctl("temp", "tool0=210.5", "bed=off")[0], "mk3: tool0 to 210.5 °C, bed off\n")
        self.ctl("send", "G28", "G91\nG1 Z10\n")
        self.assertEqual([json.loads(r[2]) for r in host.requests],
                         [{"tool0": 210.5, "bed": 0.0}, {"commands": ["G28", "G91", "G1 Z10"]}])

    def test_keys_are_made_shown_once_and_removed(self):
        host = self.host()
        host.replies["POST", "/api/v1/keys"] = lambda body: (201, dict(json.loads(body), key="S3CRET"))
        host.replies["DELETE", "/api/v1/keys/my%20slicer"] = 204, None
        out, err = self.ctl("key", "add", "my slicer", "--scope", "read")
        self.assertEqual(out, "S3CRET\n")
        self.assertIn('"my slicer" (read)', err)
        self.assertEqual(self.ctl("key", "rm", "my slicer")[0], 'mk3: key "my slicer" removed\n')

    def test_confirm_answers_the_question_that_was_seen(self):
        host = self.host()
        host.status.update(**asks(QUESTION))
        answers = lambda: [json.loads(r[2]) for r in host.requests if r[1] == "/api/v1/confirm"]
        self.ctl("confirm")
        self.ctl("confirm", "5f2c", "no")
        self.ctl("confirm", QUESTION["id"])
        self.ctl("confirm", "no")
        self.assertEqual(answers(), [{"id": QUESTION["id"], "answer": a} for a in ("yes", "no", "yes", "no")])
        self.assertIn("the open one is 5f2c", self.ctl("confirm", "beef", status=1)[1])
        self.assertIn('one of yes, no', self.ctl("confirm", "5f2c", "maybe", status=2)[1])
        self.assertEqual(len(answers()), 4)

    def test_confirm_of_several_questions_needs_to_know_which(self):
        host = self.host()
        host.status.update(**asks(QUESTION, PROMPT))
        answers = lambda: [json.loads(r[2]) for r in host.requests if r[1] == "/api/v1/confirm"]
        out, err = self.ctl("confirm", status=1)
        self.assertIn("2 questions are open", err)
        self.assertIn("ppctl confirm 5f2c yes|no\n", out)
        self.assertIn('ppctl confirm 77e1 Continue|"Purge more"\n', out)
        self.assertEqual(answers(), [])
        self.ctl("confirm", "continue")
        self.ctl("confirm", "77e1", "purge more")
        self.ctl("confirm", "77e1", "2")
        self.ctl("confirm", "no")
        self.assertEqual([a["answer"] for a in answers()], ["Continue", "Purge more", "Purge more", "no"])
        self.assertIn('Continue, "Purge more"', self.ctl("confirm", "77e1", status=2)[1])
        out, _ = self.ctl("status")
        self.assertIn("  question   Is the bed clear?\n", out)
        self.assertIn("  question   Nozzle Parked\n", out)

    def test_confirm_without_a_question_says_that_the_bed_is_clear(self):
        host = self.host()
        host.status.update(bed="occupied")
        self.assertEqual(self.ctl("confirm")[0], "mk3: the bed is clear\n")
        self.assertEqual(json.loads(host.requests[-1][2]), {"id": "", "answer": "clear"})
        self.ctl("confirm", "5f2c", status=1)


class Stopping(Base):
    def listen(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(os.path.join(self.tmp, "mk3.estop"))
        sock.settimeout(5)
        return sock

    def test_estop_goes_both_ways_at_once(self):
        host, sock = self.host(), self.listen()
        self.assertIn("emergency stop done", self.ctl("estop")[0])
        self.assertIn(b"M112", sock.recv(100))
        self.assertEqual(host.requests[-1][:2], ("POST", "/api/v1/estop"))

    def test_estop_works_when_the_host_hangs(self):
        host, sock = self.host(), self.listen()
        hang = threading.Event()
        self.addCleanup(hang.set)
        host.replies["POST", "/api/v1/estop"] = lambda body: (hang.wait(20), (200, {}))[1]
        begin = time.monotonic()
        child = self.start("estop")
        self.assertIn(b"M112", sock.recv(100))
        _, err = self.end(child, 0)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertIn("handed to the sending thread", err)

    def test_estop_that_reaches_nobody_says_so(self):
        self.host().stop()
        self.assertIn("NO EMERGENCY STOP", self.ctl("estop", status=3)[1])

    def test_estop_reaches_a_socket_in_a_deep_folder(self):
        deep = os.path.join(self.tmp, "d" * 100)
        os.mkdir(deep)
        host = FakeHost(deep)
        self.addCleanup(host.stop)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        here = os.open(deep, os.O_PATH)
        sock.bind("/proc/self/fd/%d/mk3.estop" % here)
        os.close(here)
        sock.settimeout(5)
        self.ctl("estop", PPHOST_RUNTIME=deep)
        self.assertIn(b"M112", sock.recv(100))


class PrintBase(Base):
    def accept(self, host, **more):
        """The host takes the print; what happens next is up to the test."""
        def reply(body):
            host.asked = json.loads(body)
            host.status.update(more)
            return 200, dict(host.status, waits=more.get("question") is not None)
        host.replies["POST", "/api/v1/print"] = reply

    def wait_for_feed(self, host):
        until(lambda: host.feeds and hasattr(host, "asked"))

    def finish(self, host, **more):
        ended = run(**dict(ENDED, **more))
        host.runs.insert(0, ended)
        host.emit({"type": "run", "run": ended})
        host.emit(state="operational", job=None, bed="occupied")


class Printing(PrintBase):
    def test_print_uploads_starts_and_says_how_to_follow(self):
        host = self.host()
        self.accept(host, state="starting")
        out, _ = self.ctl("print", self.part)
        upload = next(r for r in host.requests if r[0] == "PUT")
        self.assertEqual(upload[1], "/api/v1/files/part.gcode")
        with open(self.part, "rb") as part:
            self.assertEqual(upload[2], part.read())
        self.assertEqual(host.asked, {"file": "part.gcode", "bed_clear": False})
        self.assertEqual(out, """\
part.gcode
  size      10.0 kB, 20,123 commands
  time      1 h 12 min
  layers    120 of 0.20 mm
  filament  3.21 m PLA
  sliced by PrusaSlicer 2.5.0 for MK3S
mk3: printing; follow it with: ppctl watch
""")

    def test_print_that_waits_for_the_bed_says_how_to_answer(self):
        host = self.host()
        self.accept(host, **asks(QUESTION), waiting_for="part.gcode")
        out, _ = self.ctl("print", self.part)
        self.assertIn("the print waits for an answer", out)
        self.assertIn("ppctl confirm 5f2c yes|no", out)
        host.status.update(**asks(), waiting_for=None)
        out, _ = self.ctl("--json", "print", self.part)
        doc = json.loads(out)
        self.assertEqual((doc["waits"], doc["question"]["id"]), (True, QUESTION["id"]))

    def test_a_file_that_cannot_be_printed_is_refused_before_the_host_is_asked(self):
        host = self.host()
        empty = os.path.join(self.tmp, "empty.gcode")
        open(empty, "w").close()
        hidden = os.path.join(self.tmp, ".hidden.gcode")
        shutil.copy(self.part, hidden)
        for path, said in [(empty, "empty"), (self.tmp, "not a file"), (self.tmp + "/none", "No such file"),
                           (hidden, "dot")]:
            self.assertIn(said, self.ctl("print", path, status=1)[1])
        self.assertEqual(host.requests, [])

    def test_an_offline_printer_is_told_before_the_upload(self):
        host = self.host()
        host.status.update(state="offline", job=None, error="no such port")
        self.assertIn("offline: no such port", self.ctl("print", self.part, status=1)[1])
        self.assertFalse([r for r in host.requests if r[0] == "PUT"])

    def test_what_preflight_finds_is_told_line_by_line(self):
        host = self.host()
        host.replies["POST", "/api/v1/print"] = 422, {"error": {
            "code": "refused", "field": "file", "message": "X 300 mm: at most 250\nhotend 320: at most 300"}}
        _, err = self.end(self.start("print", self.part), 1)
        self.assertEqual(err, "ppctl: X 300 mm: at most 250\nppctl: hotend 320: at most 300\n")

    def test_wait_follows_to_the_end_and_sums_up(self):
        host = self.host()
        self.accept(host, state="starting")
        child = self.start("print", "--wait", "--bed-clear", self.part)
        self.wait_for_feed(host)
        self.assertTrue(host.asked["bed_clear"])
        host.emit({"type": "run", "run": run()})
        for percent in range(0, 101, 5):
            host.emit({"type": "progress", "job": job(percent=percent, lines=percent * 200)})
        host.status["link"]["underruns"] = 6
        self.finish(host)
        out, _ = self.end(child, 0)
        lines = out.splitlines()
        self.assertEqual(lines[-1], "part.gcode printed in 2 min 05 s: 20,123 lines, 0 resends, 2 under-runs")
        self.assertEqual([line[:5] for line in lines[-12:-1]], ["%3d %%" % p for p in range(0, 101, 10)])
        self.assertIn("layer   3/120", lines[-2])

    def test_wait_ends_with_1_when_the_print_fails(self):
        for result in ("cancelled", "failure", "aborted", "interrupted"):
            host = self.host(result)
            self.accept(host, state="starting")
            child = self.start("-H", result, "print", "--wait", self.part)
            self.wait_for_feed(host)
            host.emit({"type": "run", "run": run()})
            self.finish(host, result=result, reason="thermal runaway", lines=17)
            _, err = self.end(child, 1)
            self.assertIn("part.gcode: %s after 2 min 05 s, 17 lines" % result, err)
            self.assertIn("thermal runaway", err)

    def test_wait_json_prints_one_document(self):
        host = self.host()
        self.accept(host, state="starting")
        child = self.start("--json", "print", "--wait", self.part)
        self.wait_for_feed(host)
        self.finish(host)
        out, _ = self.end(child, 0)
        doc = json.loads(out)
        self.assertEqual((doc["run"]["result"], doc["underruns"], doc["file"]["name"]), ("success", 0, "part.gcode"))

    def test_wait_without_a_terminal_does_not_wait_for_a_person(self):
        host = self.host()
        self.accept(host, **asks(QUESTION), waiting_for="part.gcode")
        _, err = self.end(self.start("print", "--wait", self.part), 1)
        self.assertIn("Is the bed clear? The print waits for the answer: ppctl confirm", err)

    def test_wait_finds_the_end_in_the_history_when_the_feed_was_away(self):
        host = self.host()
        self.accept(host, state="starting")
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit(state="printing", job=job())
        until(lambda: "layer" in child.stdout.readline())
        host.runs.insert(0, run(**ENDED))
        host.status.update(state="operational", job=None)
        host.drop_feeds()
        out, _ = self.end(child, 0)
        self.assertIn("the host does not answer", out)
        self.assertIn("part.gcode printed in", out)

    def test_wait_follows_a_host_that_restarts_elsewhere_with_another_key(self):
        host = self.host()
        self.accept(host, state="starting")
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit(state="printing", job=job())
        host.stop()
        host.key = "another"
        host.start()
        until(lambda: host.feeds)
        self.finish(host)
        self.end(child, 0)

    def test_wait_tells_a_print_that_never_began(self):
        host = self.host()
        self.accept(host)
        child = self.start("print", "--wait", self.part)
        _, err = self.end(child, 1)
        self.assertIn("not started", err)

    def test_an_earlier_print_of_the_same_file_is_not_taken_for_ours(self):
        host = self.host()
        host.runs.append(run(id="run-0", start_ms=500000, end_ms=600000, result="failure"))
        self.accept(host, state="starting")
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit({"type": "run", "run": host.runs[0]})
        host.emit({"type": "run", "run": run()})
        self.finish(host)
        self.end(child, 0)

    def test_ctrl_c_leaves_the_print_running(self):
        host = self.host()
        self.accept(host, state="starting")
        child = self.start("print", "--wait", self.part)
        self.wait_for_feed(host)
        host.emit(state="printing", job=job())
        until(lambda: "layer" in child.stdout.readline())
        child.send_signal(signal.SIGINT)
        _, err = self.end(child, 130)
        self.assertIn("the print goes on", err)
        self.assertFalse([r for r in host.requests if r[1] == "/api/v1/cancel"])


class Terminal(PrintBase):
    """The same on a terminal."""

    def open(self, *args, **env):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        child = subprocess.Popen([PPCTL, *args], env=dict(self.env, **env), stdin=slave, stdout=slave,
                                 stderr=slave, close_fds=True)
        os.close(slave)
        self.screen = b""
        return child, master

    def read_until(self, master, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.screen:
            self.assertGreater(end, time.monotonic(), self.screen)
            if select.select([master], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(master, 65536)
                except OSError:
                    break
        self.assertIn(text, self.screen)

    def test_colour_only_on_a_terminal_that_wants_it(self):
        self.host()
        for env, colour in [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]:
            child, master = self.open("status", **env)
            self.read_until(master, b"acks")
            child.wait(10)
            self.assertEqual(b"\x1b[" in self.screen, colour, env)

    def test_the_person_is_asked_right_here(self):
        host = self.host()
        self.accept(host, **asks(QUESTION), waiting_for="part.gcode")

        def confirmed(body):
            host.confirmed = json.loads(body)
            host.emit(**asks(), waiting_for=None, state="starting")
            return 200, dict(host.status)
        host.replies["POST", "/api/v1/confirm"] = confirmed
        child, master = self.open("print", "--wait", self.part)
        self.read_until(master, b"Is the bed clear? [y/N] ")
        os.write(master, b"y\n")
        until(lambda: hasattr(host, "confirmed"))
        self.assertEqual(host.confirmed, {"id": QUESTION["id"], "answer": "yes"})
        host.emit({"type": "run", "run": run()})
        host.emit({"type": "progress", "job": job(percent=50)})
        self.read_until(master, b"layer   3/120")
        self.finish(host)
        self.read_until(master, b"part.gcode printed in")
        self.assertEqual(child.wait(10), 0)

    def test_a_choice_of_the_printer_is_made_right_here(self):
        host = self.host()
        self.accept(host)
        child, master = self.open("print", "--wait", self.part)
        until(lambda: host.feeds)
        host.emit({"type": "run", "run": run()})
        host.emit(state="paused", job=job(percent=50.0), **asks(PROMPT))
        self.read_until(master, b'Nozzle Parked [Continue, "Purge more"] ')
        os.write(master, b"what\n")
        self.read_until(master, b'Purge more"] ')
        os.write(master, b"purge more\n")
        until(lambda: [r for r in host.requests if r[1] == "/api/v1/confirm"])
        body = next(r[2] for r in host.requests if r[1] == "/api/v1/confirm")
        self.assertEqual(json.loads(body), {"id": PROMPT["id"], "answer": "Purge more"})
        host.emit(state="printing", **asks())
        self.finish(host)
        self.read_until(master, b"printed in")
        self.assertEqual(child.wait(10), 0)

    def test_anything_but_yes_is_a_no(self):
        host = self.host()
        self.accept(host, **asks(QUESTION), waiting_for="part.gcode")
        child, master = self.open("print", "--wait", self.part)
        self.read_until(master, b"[y/N] ")
        os.write(master, b"\n")
        self.read_until(master, b"not started")
        self.assertEqual(child.wait(10), 1)
        body = next(r[2] for r in host.requests if r[1] == "/api/v1/confirm")
        self.assertEqual(json.loads(body)["answer"], "no")

    def test_a_question_answered_elsewhere_is_not_asked_any_longer(self):
        host = self.host()
        self.accept(host, **asks(QUESTION), waiting_for="part.gcode")
        child, master = self.open("print", "--wait", self.part)
        self.read_until(master, b"[y/N] ")
        host.emit(**asks(), waiting_for=None, state="starting")
        self.read_until(master, b"answered elsewhere")
        host.emit({"type": "run", "run": run()})
        self.finish(host)
        self.read_until(master, b"printed in")
        self.assertEqual(child.wait(10), 0)

    def test_watch_redraws_in_place(self):
        host = self.host()
        child, master = self.open("watch")
        self.read_until(master, b"operational")
        host.emit(state="paused")
        self.read_until(master, b"paused")
        self.assertIn(b"\x1b[J", self.screen)
        os.write(master, b"\x03")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(10), 130)


if __name__ == "__main__":
    unittest.main(verbosity=1)
