"""One SHA-256 from wean-extract, whatever the threads, the sharding and the kills (promises P5 and P6).

Usage: extract_bytes_test.py BIN_DIR CHECKPOINT
"""
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

PROMPTS = ["a red square moves left", "two blue discs move up", "a slow pan over grey noise", "a green star turns"]


def extract(tool, checkpoint, folder, output, *options):
    return [tool, checkpoint, "-o", folder / output, "--prompts", folder / "prompts.txt", "--size", "96x96", "--frames", "9",
            "--steps", "4", "--guidance", "3", "--phases", "2", "--block", "16", "--quiet", *options]


def run(command, expected=0, env=None):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == expected, f"{command}: exit {done.returncode}, expected {expected}\n{done.stderr}"
    return done


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_for_shards(folder, count, process):
    while process.poll() is None and len(list(folder.glob("[0-9a-f]*.h5"))) < count:
        time.sleep(0.002)
    return process.poll() is None


def killed_and_resumed(tool, checkpoint, folder):
    """Kills one run after its first shard, stops the next by a signal, and lets the third finish. Returns how many of the
    two were hit while they still worked."""
    hit = 0
    for round_, (sent, code) in enumerate([(signal.SIGKILL, -9), (signal.SIGTERM, 75)]):
        command = extract(tool, checkpoint, folder, "killed.h5", "--resume", "--threads", "1")
        process = subprocess.Popen([str(c) for c in command], stderr=subprocess.PIPE, text=True)
        if wait_for_shards(folder / "killed.h5.shards", round_ + 1, process):
            process.send_signal(sent)
        message = process.communicate()[1]
        if process.returncode == 0:
            continue
        assert process.returncode == code, f"exit {process.returncode} after signal {sent}: {message}"
        assert code != 75 or "--resume" in message, message
        assert not (folder / "killed.h5").exists()
        hit += 1
    if not (folder / "killed.h5").exists():
        run(extract(tool, checkpoint, folder, "killed.h5", "--resume"))
    return hit


def sharded(tool, checkpoint, folder, count):
    output = f"sharded{count}.h5"
    for index in reversed(range(count)):
        run(extract(tool, checkpoint, folder, output, "--shard", f"{index}/{count}"))
        if index > 0:
            unfinished = run([tool, "merge", folder / f"{output}.shards", "-o", folder / output], expected=7)
            assert "--partial" in unfinished.stderr, unfinished.stderr
    run([tool, "merge", folder / f"{output}.shards", "-o", folder / output])
    return sha(folder / output)


def main():
    tool, checkpoint = pathlib.Path(sys.argv[1]) / "wean-extract", sys.argv[2]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "prompts.txt").write_text("\n".join(PROMPTS) + "\n")
        digests = {}
        for threads in (1, 2, 3, 8):
            run(extract(tool, checkpoint, folder, f"threads{threads}.h5", "--threads", threads))
            digests[f"{threads} threads"] = sha(folder / f"threads{threads}.h5")
        digests["3 shards"] = sharded(tool, checkpoint, folder, 3)
        hit = killed_and_resumed(tool, checkpoint, folder)
        digests["killed and resumed"] = sha(folder / "killed.h5")
        assert hit > 0, "no run was hit while it worked; the test proves nothing"
        # Debian's image has no locale with a comma; one made here needs no installation.
        run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"])
        german = run(extract(tool, checkpoint, folder, "locale.h5"),
                     env={**os.environ, "LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo"})
        digests["another locale"] = sha(folder / "locale.h5")
        assert german.returncode == 0
        for what, digest in digests.items():
            print(f"{digest}  {what}")
        assert len(set(digests.values())) == 1, "the profile's bytes depend on how it was made"


if __name__ == "__main__":
    main()
