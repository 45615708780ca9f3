"""Python modules that tests compare wean with. Where one is missing the test is skipped, unless it was promised."""
import os
import sys

SKIPPED = 77  # what ctest counts as skipped (SKIP_RETURN_CODE)


def skip(missing):
    """Ends the test as skipped; as failed where WEAN_REQUIRE_ORACLES is 1, as tests/run.sh sets it."""
    required = os.environ.get("WEAN_REQUIRE_ORACLES") == "1"
    print(f"{'failed' if required else 'skipped'}: {missing}; examples/setup.sh --tests installs it, or set WEAN_PYTHON to a Python that has it")
    sys.exit(1 if required else SKIPPED)
