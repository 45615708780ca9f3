"""Runs a command again and again, failing or killing it at the Nth call that writes, and checks what it leaves behind.

usage: fault_test.py --library LIB --output NAME [--every N] [--spread] [--resume ARG] -- COMMAND ...
{work} in COMMAND is a fresh folder; the command writes {work}/NAME and must replace an existing one (--force). --resume is
added when the command runs again after a fault. With --spread each of the six kinds of run (kill, EIO, ENOSPC; output new or
replaced) takes places of its own, so that together they meet every Nth call.

After every fault: no crash signal; {work}/NAME holds the whole old content (or nothing) or the whole new content; exit 0
only with the new content, a failed call gives exit 6 and leaves no temporary file; running again gives the new content.
"""
import argparse
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

KILLED = -9
IO_ERROR = 6
LAST_CALLS = 10  # publishing happens here: every call is tried, not every Nth


class Victim:
    def __init__(self, options):
        self.options = options

    def run(self, work, action=None, at=0, resume=False, count=None):
        command = [word.replace("{work}", str(work)) for word in self.options.command]
        if resume and self.options.resume:
            command.append(self.options.resume)
        env = dict(os.environ, LD_PRELOAD=self.options.library, FAULT_AT=str(at),
                   ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", ""))
        if action:
            env["FAULT_ACTION"] = action
        if count:
            env["FAULT_COUNT"] = str(count)
        return subprocess.run(command, env=env, capture_output=True, text=True, errors="replace", timeout=600)

    def content(self, work):
        path = work / self.options.output
        return path.read_bytes() if path.exists() else None


def faults_after(victim, work, result, action, old, new):
    """What is wrong with exit code and files after a run that met a fault (or ended before it)."""
    faults, now = [], victim.content(work)
    if now not in (old, new):
        faults.append(f"output holds {len(now or b'')} bytes that are neither the old nor the new content")
    if result.returncode not in (0, KILLED if action == "kill" else IO_ERROR):
        faults.append(f"exit {result.returncode}: {result.stderr.strip()[-500:]}")
    if result.returncode == 0 and now != new:
        faults.append("exit 0 without the new output")
    leftovers = [p.name for p in work.rglob(".*")]
    if action != "kill" and leftovers:
        faults.append(f"temporary files left: {leftovers}")
    return faults


def try_one(victim, action, at, old, new):
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        if old is not None:
            (work / victim.options.output).write_bytes(old)
        faults = faults_after(victim, work, victim.run(work, action, at), action, old, new)
        again = victim.run(work, resume=True)
        if again.returncode != 0 or victim.content(work) != new:
            faults.append(f"running again: exit {again.returncode}, not the same bytes: {again.stderr.strip()[-500:]}")
        return [f"{action} at call {at}, output {'replaced' if old else 'new'}: {fault}" for fault in faults]


def undisturbed(victim):
    """Content and number of calls of a run without faults; a second run must give the same content."""
    contents, calls = set(), 0
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as notes:
            count = pathlib.Path(notes) / "count"
            result = victim.run(pathlib.Path(folder), count=count)
            if result.returncode != 0:
                sys.exit(f"without faults: exit {result.returncode}\n{result.stderr}")
            contents.add(victim.content(pathlib.Path(folder)))
            calls = int(count.read_text())
    if len(contents) != 1:
        sys.exit("two undisturbed runs gave different bytes")
    return contents.pop(), calls


def places_of(calls, every, kind, kinds):
    """Calls at which a kind of run meets its fault; `kinds` of them share every Nth call."""
    return sorted(set(range(1 + every * kind, calls + 1, every * kinds)) | set(range(max(1, calls - LAST_CALLS), calls + 1)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--spread", action="store_true")
    parser.add_argument("--resume")
    parser.add_argument("command", nargs="+")
    victim = Victim(parser.parse_args())
    new, calls = undisturbed(victim)
    faults, runs = [], 0
    kinds = list(itertools.product(("kill", "eio", "full"), (None, b"the old content")))
    for number, (action, old) in enumerate(kinds):
        place = (number, len(kinds)) if victim.options.spread else (0, 1)
        for at in places_of(calls, victim.options.every, *place):
            faults += try_one(victim, action, at, old, new)
            runs += 1
    print("\n".join(faults))
    print(f"{runs} runs with a fault at one of {calls} calls: {len(faults)} faults")
    return 1 if faults or calls == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
