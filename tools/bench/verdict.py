"""What a print came to, judged by what the virtual printer has executed and reports.

exact    the host says it is done; the printer has executed the file's commands, each once and in order,
         and nothing else; no heater has a target any more
stopped  the host has recorded it as not done and says why; the printer has executed the beginning of the
         file and nothing of the rest; no heater has a target any more, or, when the printer cannot be
         reached, the person is told of the heaters
asks     as stopped, but the host waits for a person's answer before it records the end

Everything else is a failure: WRONG (executed what it should not have), UNSAFE (a heater on, nobody told),
HANGS. The host's own word counts only against it. What a
file's commands are is worked out by tests/lib/expect, which shares nothing with the host.
"""
import importlib.machinery
import importlib.util
import os
import re

from benchlib import ROOT

GOOD = {"exact", "stopped", "asks"}
ENDED = {"failure", "cancelled", "aborted", "interrupted"}
SILENT = "silent"  # the printer's own word for: it reads nothing any more, and its heaters stay as they are
COMMAND = re.compile(rb"[GMT]\d")
EXTRUDES = re.compile(rb"G[0-3]\b.*E[0-9.]")
HEATS = re.compile(rb"M1(04|09|40|90|41|91)\b.*[SR]0*[1-9]")
TOLD = re.compile(r"heater|switch .* off|hot", re.IGNORECASE)


def load_expect():
    loader = importlib.machinery.SourceFileLoader("expect", os.path.join(ROOT, "tests", "lib", "expect"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("expect", loader))
    loader.exec_module(module)
    return module


EXPECT = load_expect()


def wanted_commands(path):
    with open(path, "rb") as f:
        return EXPECT.commands_of(f)


def executed_in_print(path):
    """(number, command) of what ran while the print timer did, from the file of --executed; the number is
    -1 for a line that came without one."""
    found, running = [], False
    with open(path, "rb") as f:
        for line in f:
            number, _, command = line.rstrip(b"\n").partition(b" ")
            timer = {b"M75": True, b"M76": False, b"M77": False}.get(command.split(b" ")[0])
            if timer is not None:
                running = timer
            elif running and EXPECT.is_hashed(command):
                found.append((int(number), command))
    return found


def difference(wanted, executed):
    """(lost, doubled): how many of the file's commands were not executed, and how many of the executed
    ones are too many; by a walk along both, for which a command that differs is first sought ahead."""
    lost = doubled = at = 0
    for command in executed:
        ahead = wanted.index(command, at, at + 200) if command in wanted[at:at + 200] else None
        if ahead is None:
            doubled += 1
        else:
            lost += ahead - at
            at = ahead + 1
    return lost + len(wanted) - at, doubled


def is_hot(report):
    return any(heater["target"] > 0 for heater in report["heaters"])


def tails(executed):
    """Unnumbered lines that are commands: no host sends such, so they are tails of broken lines."""
    return [command for number, command in executed if number < 0 and COMMAND.match(command)]


def beyond(wanted, executed):
    """The first thing executed that is neither the file's beginning nor harmless; None: there is none."""
    numbered = [command for number, command in executed if number >= 0]
    same = 0
    while same < min(len(numbered), len(wanted)) and numbered[same] == wanted[same]:
        same += 1
    for command in numbered[same:] + tails(executed):
        if EXTRUDES.match(command) or HEATS.match(command):
            return command.decode(errors="replace")
    return None


def judge_done(report, wanted, executed):
    prints = report["prints"]
    if len(prints) != 1 or not prints[0]["complete"]:
        return "WRONG", f"said to be done, but the printer has {len(prints)} prints, not one that is complete"
    stray = tails(executed)
    if stray:
        return "WRONG", f"{len(stray)} tails of lines executed, such as {stray[0]}"
    if prints[0]["numbered_sha256"] != EXPECT.hash_of(wanted):
        lost, doubled = difference(wanted, [c for n, c in executed if n >= 0])
        return "WRONG", f"said to be done, but {lost} commands were lost and {doubled} are too many"
    if is_hot(report):
        return "UNSAFE", "done, but a heater is on"
    refused = prints[0]["commands"] - prints[0]["numbered_commands"]
    return "exact", f"{refused} tails of lines refused" if refused else ""


def judge_stop(run, said, report, wanted, executed):
    """`said`: everything the person is shown."""
    result = run["result"] if run is not None and run["result"] in ENDED else "asks"
    why = (run["reason"] if result != "asks" else None) or ("" if result != "asks" else said)
    if not why:
        return "UNSAFE", f"{result} without a reason"
    stray = beyond(wanted, executed)
    if stray is not None:
        return "WRONG", f"{result}, and before it \"{stray}\" was executed, which is not next in the file: {why}"
    if is_hot(report) and report["halted"] != SILENT:
        return "UNSAFE", f"{result}, but a heater is on: {why}"
    if is_hot(report) and not TOLD.search(said):
        return "UNSAFE", f"{result}, a heater is on and nobody is told of it: {why}"
    return "asks" if result == "asks" else "stopped", why


def judge(run, said, asks, report, wanted, executed):
    """(verdict, detail). `run`: the host's record or None; `asks`: a person is asked something."""
    if (run is None or run["result"] not in ENDED | {"success"}) and not asks:
        return "HANGS", "not ended in time"
    if run is not None and run["result"] == "success":
        return judge_done(report, wanted, executed)
    return judge_stop(run, said, report, wanted, executed)
