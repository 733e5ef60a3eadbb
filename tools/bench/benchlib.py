"""What the benchmarks share: options, rows, wanted bounds, tables, JSON, and other processes.

A benchmark is a function that adds rows and wanted bounds to a Report; run_bench() is its main().
However it ends, also by ctrl-C or SIGTERM, its processes are gone and its folder removed.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Report:
    OPS = {"<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "==": lambda a, b: a == b,
           "<": lambda a, b: a < b}

    def __init__(self, bench, as_json):
        self.bench = bench
        self.as_json = as_json
        self.rows = []
        self.wanted = []

    def say(self, text=""):
        """Progress and tables: on stdout for people, on stderr beside a JSON document."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def row(self, case, metric, value, unit, against=None, ratio=None):
        self.rows.append({"case": case, "metric": metric, "value": value, "unit": unit,
                          "against": against, "ratio": ratio})

    def want(self, metric, case, op, bound, value):
        met = value is not None and self.OPS[op](value, bound)
        self.wanted.append({"metric": metric, "case": case, "op": op, "bound": bound,
                            "value": value, "met": met})

    def finish(self):
        """Prints the wanted bounds (or the whole document); 1 when one is missed."""
        if self.as_json:
            print(json.dumps({"bench": self.bench, "rows": self.rows, "wanted": self.wanted}, indent=1))
        else:
            self.say()
            table(self.say, ["wanted", "case", "bound", "found", ""],
                  [[w["metric"], w["case"], f'{w["op"]} {w["bound"]:g}',
                    "-" if w["value"] is None else f'{w["value"]:.4g}', "met" if w["met"] else "MISSED"]
                   for w in self.wanted])
        return 0 if all(w["met"] for w in self.wanted) else 1


def table(say, head, rows):
    """Columns as wide as their widest cell; numbers to the right."""
    cells = [[str(c) for c in row] for row in [head] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        say("  ".join(c.rjust(w) if i and c[:1].isdigit() else c.ljust(w)
                      for i, (c, w) in enumerate(zip(row, widths))).rstrip())


def cpu_seconds(pid):
    """CPU time of all threads of a process, by the scheduler's own nanoseconds where there are any."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        if total:
            return total / 1e9
    except OSError:
        pass
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid):
    """(peak resident, anonymous + shared resident) in KiB."""
    values = {}
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            key, _, rest = line.partition(":")
            values[key] = rest.split()
    return int(values["VmHWM"][0]), int(values["RssAnon"][0]) + int(values["RssShmem"][0])


def wait_until(seconds, what, check, step=0.02):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not after {seconds} s")
        time.sleep(step)


class Process:
    """A child with its output in a file; ended by its id when the block ends, or the benchmark."""

    living = set()
    lock = threading.Lock()
    closed = False  # the benchmark ends: no more of them

    def __init__(self, argv, log, env=None):
        self.argv = argv
        self.log = log
        with open(log, "ab") as f, Process.lock:
            if Process.closed:
                raise RuntimeError("stopped")
            self.child = subprocess.Popen(argv, stdout=f, stderr=f, stdin=subprocess.DEVNULL, env=env)
            Process.living.add(self)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def alive(self):
        if self.child.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                tail = f.read().strip().splitlines()[-1:]
            raise RuntimeError(f"{self.argv[0]} ended with status {self.child.returncode}: {tail}")
        return True

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        Process.living.discard(self)

    @classmethod
    def stop_all(cls):
        with cls.lock:
            cls.closed = True
            left = list(cls.living)
        for process in left:  # all at once: some take their time
            if process.child.poll() is None:
                process.child.send_signal(signal.SIGTERM)
        for process in left:
            process.stop()


def on_term(*_):
    raise SystemExit(143)


def run_bench(name, doc, quick, body, options=(), setup=(), where=None):
    """main(): `body(report, folder, arguments)` with a folder of its own (below `where`); `options`
    are ((flags...), {keywords}) for argparse, `setup` the options for tools/setup."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{quick}, within 60 s")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    for flags, keywords in options:
        parser.add_argument(*flags, **keywords)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, on_term)
    report = Report(name, arguments.json)
    folder = tempfile.mkdtemp(prefix="pphost-bench.", dir=where)
    try:
        set_up = subprocess.run([os.path.join(ROOT, "tools", "setup"), *setup], stdout=sys.stderr, check=False)
        if set_up.returncode != 0:
            raise RuntimeError("set-up failed")
        body(report, folder, arguments)
    except (RuntimeError, OSError, subprocess.SubprocessError) as e:
        sys.exit(f"{name}: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        Process.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.finish())
