#!/usr/bin/env python3
"""The judge of the benchmarks (tools/bench/verdict.py) on prints made up for it: whatever a host could do
wrong is found, whatever the host itself says."""
import copy
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import verdict  # noqa: E402

FILE = ["M104 S210", "G28", "M109 S210"] + [f"G1 X{i} E{i}" for i in range(1, 21)] + ["M104 S0"]
WANTED = [line.encode() for line in FILE]
DONE = {"result": "success", "reason": ""}
FAILED = {"result": "failure", "reason": "Printer halted"}


class Print:
    """What the printer executed and what it reports, a right one to begin with."""

    def __init__(self):
        self.executed = list(enumerate(WANTED, 1))
        self.report = {"prints": [{"complete": True}], "halted": None,
                       "heaters": [{"target": 0.0}, {"target": 0.0}]}

    def judge(self, run, said="", asks=False):
        report = copy.deepcopy(self.report)
        for one in report["prints"]:
            numbered = [c for n, c in self.executed if n >= 0]
            one.update(commands=len(self.executed), numbered_commands=len(numbered),
                       numbered_sha256=verdict.EXPECT.hash_of(numbered))
        return verdict.judge(run, said, asks, report, WANTED, self.executed)[0]

    def cut(self, count):
        self.executed = self.executed[:count]
        self.report["prints"][0]["complete"] = False
        return self


class Done(unittest.TestCase):
    def test_a_right_print_is_exact(self):
        self.assertEqual(Print().judge(DONE), "exact")

    def test_a_line_lost_doubled_or_out_of_order_is_wrong(self):
        for change in (lambda e: e.pop(9), lambda e: e.insert(9, e[9]), lambda e: e.insert(9, e.pop(12))):
            p = Print()
            change(p.executed)
            self.assertEqual(p.judge(DONE), "WRONG")

    def test_a_print_that_has_no_end_or_came_twice_is_wrong(self):
        p = Print()
        p.report["prints"][0]["complete"] = False
        self.assertEqual(p.judge(DONE), "WRONG")
        p = Print()
        p.report["prints"].append({"complete": True})
        self.assertEqual(p.judge(DONE), "WRONG")
        p.report["prints"] = []
        self.assertEqual(p.judge(DONE), "WRONG")

    def test_a_tail_counts_when_it_is_a_command(self):
        p = Print()
        p.executed.insert(9, (-1, b"1 X5 E5"))
        self.assertEqual(p.judge(DONE), "exact")
        p.executed.insert(9, (-1, b"G1 X5 E5"))
        self.assertEqual(p.judge(DONE), "WRONG")

    def test_a_heater_left_on_is_unsafe(self):
        p = Print()
        p.report["heaters"][1]["target"] = 60.0
        self.assertEqual(p.judge(DONE), "UNSAFE")


class Stopped(unittest.TestCase):
    def test_a_beginning_of_the_file_is_a_stop(self):
        self.assertEqual(Print().cut(10).judge(FAILED), "stopped")
        self.assertEqual(Print().cut(10).judge(None, "Continue?", True), "asks")
        self.assertEqual(Print().cut(0).judge(FAILED), "stopped")

    def test_parking_and_cooling_behind_it_do_no_harm(self):
        p = Print().cut(10)
        p.executed += [(11, b"M104 S0"), (12, b"M140 S0"), (13, b"G1 X0 Y210 F6000"), (14, b"G1 E-2 F1800")]
        self.assertEqual(p.judge(FAILED), "stopped")

    def test_what_does_not_follow_in_the_file_is_wrong(self):
        for stray in ((11, WANTED[12]), (11, b"M109 S200"), (-1, b"G1 X5 E5")):
            p = Print().cut(10)
            p.executed.append(stray)
            self.assertEqual(p.judge(FAILED), "WRONG")

    def test_a_stop_without_a_reason_is_unsafe(self):
        self.assertEqual(Print().cut(10).judge({"result": "failure", "reason": ""}), "UNSAFE")
        self.assertEqual(Print().cut(10).judge(None, "", True), "UNSAFE")

    def test_a_heater_left_on_is_unsafe_unless_it_cannot_be_helped_and_is_told(self):
        p = Print().cut(10)
        p.report["heaters"][0]["target"] = 210.0
        self.assertEqual(p.judge(FAILED, "its heaters may be on"), "UNSAFE")
        p.report["halted"] = verdict.SILENT
        self.assertEqual(p.judge(FAILED, "gone"), "UNSAFE")
        self.assertEqual(p.judge(FAILED, "gone; its heaters may be on"), "stopped")

    def test_what_has_not_ended_hangs(self):
        self.assertEqual(Print().cut(10).judge(None), "HANGS")
        self.assertEqual(Print().cut(10).judge({"result": "running", "reason": ""}), "HANGS")


class Reading(unittest.TestCase):
    def test_only_what_ran_with_the_timer_counts(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("1 M104 S50\n2 M75 part\n3 G28\n4 M105\n-1 G1 X1\n5 M76\n6 G1 Z9\n7 M75\n8 G1 X2\n9 M77\n10 G1 X3\n")
            f.flush()
            self.assertEqual(verdict.executed_in_print(f.name), [(3, b"G28"), (-1, b"G1 X1"), (8, b"G1 X2")])

    def test_lost_and_doubled_are_told_apart(self):
        lost = WANTED[:5] + WANTED[7:]
        both = WANTED[:5] + WANTED[4:9] + WANTED[10:]
        self.assertEqual(verdict.difference(WANTED, WANTED), (0, 0))
        self.assertEqual(verdict.difference(WANTED, lost), (2, 0))
        self.assertEqual(verdict.difference(WANTED, both), (1, 1))
        self.assertEqual(verdict.difference(WANTED, WANTED[:3]), (len(WANTED) - 3, 0))


if __name__ == "__main__":
    unittest.main()
