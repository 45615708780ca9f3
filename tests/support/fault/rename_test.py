"""On file systems without RENAME_NOREPLACE (EINVAL) publishing still works, and still never replaces unasked.

usage: rename_test.py LIB PUBLISHER
"""
import os
import pathlib
import subprocess
import sys
import tempfile

library, publisher = sys.argv[1:]
env = dict(os.environ, LD_PRELOAD=library, FAULT_AT="1", FAULT_ACTION="einval", FAULT_ONLY="renameat2",
           ASAN_OPTIONS="verify_asan_link_order=0")
with tempfile.TemporaryDirectory() as folder:
    output = pathlib.Path(folder) / "out"
    first = subprocess.run([publisher, output], env=env)
    assert first.returncode == 0 and output.stat().st_size == 40000, first
    assert [p.name for p in pathlib.Path(folder).iterdir()] == ["out"]
    output.write_bytes(b"kept")
    second = subprocess.run([publisher, output], env=env, capture_output=True, text=True)
    assert second.returncode == 2 and "--force" in second.stderr, second
    assert output.read_bytes() == b"kept"
