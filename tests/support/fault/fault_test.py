"""Runs a command again and again, failing or killing it at the Nth call that writes, and checks what it leaves behind.

usage: fault_test.py --library LIB --output NAME [--every N] [--resume ARG] -- COMMAND ...
{work} in COMMAND is a fresh folder; the command writes {work}/NAME and must replace an existing one (--force). --resume is
added when the command runs again after a fault.

There are six kinds of run: kill, EIO or ENOSPC, each with the output new or replaced. All six meet the last calls, where the
output is published. A call that is not amid equal ones (a step of publishing a part of the work, the first and the last of
many writes) meets each fault, with the output new or replaced in turn. Of the writes between equal ones every Nth meets one
kind, all kinds in turn.

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
LAST_CALLS = 10
ACTIONS = ("kill", "eio", "full")
OUTPUTS = (None, b"the old content")


class Victim:
    def __init__(self, options):
        self.options = options

    def run(self, work, action=None, at=0, resume=False, calls=None):
        command = [word.replace("{work}", str(work)) for word in self.options.command]
        if resume and self.options.resume:
            command.append(self.options.resume)
        env = dict(os.environ, LD_PRELOAD=self.options.library, FAULT_AT=str(at),
                   ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", ""))
        if action:
            env["FAULT_ACTION"] = action
        if calls:
            env["FAULT_CALLS"] = str(calls)
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
    """Content and names of the calls of a run without faults; a second run must give the same content."""
    contents, calls = set(), []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as notes:
            names = pathlib.Path(notes) / "calls"
            result = victim.run(pathlib.Path(folder), calls=names)
            if result.returncode != 0:
                sys.exit(f"without faults: exit {result.returncode}\n{result.stderr}")
            contents.add(victim.content(pathlib.Path(folder)))
            calls = names.read_text().split() if names.exists() else []
    if len(contents) != 1:
        sys.exit("two undisturbed runs gave different bytes")
    return contents.pop(), calls


def actions_at(name):
    """ENOSPC at a call that needs no space is ENOSPC at the next that does; preload.c lets no unlink fail."""
    if name == "unlink":
        return ["kill"]
    return [action for action in ACTIONS if action != "full" or "write" in name or name == "ftruncate"]


def runs_of(calls, every):
    """(action, call from 1, old output) of every run that meets a fault."""
    outputs, kinds = itertools.cycle(OUTPUTS), itertools.cycle(itertools.product(ACTIONS, OUTPUTS))
    for at, name in enumerate(calls, 1):
        actions = actions_at(name)
        if at > len(calls) - LAST_CALLS:
            yield from ((action, at, old) for action in actions for old in OUTPUTS)
        elif {name} != set(calls[max(0, at - 2):at + 1]):
            yield from ((action, at, next(outputs)) for action in actions)
        elif at % every == 0:
            action, old = next(kinds)
            yield action, at, old


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--resume")
    parser.add_argument("command", nargs="+")
    victim = Victim(parser.parse_args())
    new, calls = undisturbed(victim)
    runs = list(runs_of(calls, victim.options.every))
    faults = [fault for action, at, old in runs for fault in try_one(victim, action, at, old, new)]
    print("\n".join(faults))
    print(f"{len(runs)} runs with a fault at one of {len(calls)} calls: {len(faults)} faults")
    return 1 if faults or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
