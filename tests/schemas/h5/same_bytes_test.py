"""Equal content gives equal bytes: a second later, in another time zone, under other locales, after rewriting; and the
golden files of version 1 stay readable and come out of a rewrite unchanged.

    same_bytes_test.py TOOL FOLDER GOLDEN   TOOL is wean-h5-tool, FOLDER is for the files, GOLDEN is tests/golden
"""
import hashlib
import locale
import os
import pathlib
import subprocess
import sys
import time

KINDS = ("profile", "shard", "plan")
LOCALES = ("C", "C.UTF-8", "C.utf8", "de_DE.UTF-8", "fr_FR.UTF-8")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def installed(name):
    try:
        locale.setlocale(locale.LC_ALL, name)
        return True
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_ALL, "C")


def main():
    tool, folder, golden = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    found = ["comma"] + [name for name in LOCALES if installed(name)]
    assert len(found) >= 2, found
    for kind in KINDS:
        seen = {"golden": digest(golden / ("plan" if kind == "plan" else "profile") / f"{kind}-v1.h5")}
        for name in found:
            for zone in ("UTC", "Pacific/Auckland"):
                path = folder / f"{kind}.h5"
                subprocess.run([tool, "locale", name, "known", kind, path], check=True, env=os.environ | {"TZ": zone})
                seen[f"{name} {zone}"] = digest(path)
        time.sleep(1.1)
        subprocess.run([tool, "known", kind, path], check=True)
        seen["a second later"] = digest(path)
        source = golden / ("plan" if kind == "plan" else "profile") / f"{kind}-v1.h5"
        subprocess.run([tool, "rewrite", source, path], check=True)
        seen["golden, rewritten"] = digest(path)
        assert len(set(seen.values())) == 1, "\n".join(f"{value} {name}" for name, value in seen.items())
        print(f"{kind}: {len(seen)} ways, one SHA-256 {seen['golden'][:16]}")


if __name__ == "__main__":
    main()
