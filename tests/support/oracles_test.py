"""A missing oracle skips a test, and fails it where WEAN_REQUIRE_ORACLES is 1."""
import os
import pathlib
import subprocess
import sys

PROGRAM = """
import oracles
try:
    import a_module_that_nobody_has
except ImportError as missing:
    oracles.skip(missing)
"""
for value, code, word in ((None, 77, "skipped"), ("0", 77, "skipped"), ("1", 1, "failed")):
    environment = {name: v for name, v in os.environ.items() if name != "WEAN_REQUIRE_ORACLES"}
    environment["PYTHONPATH"] = str(pathlib.Path(__file__).resolve().parent)
    if value is not None:
        environment["WEAN_REQUIRE_ORACLES"] = value
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.returncode == code, done
    assert done.stdout.startswith(f"{word}: No module named 'a_module_that_nobody_has'; "), done.stdout
