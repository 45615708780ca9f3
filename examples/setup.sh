#!/usr/bin/env bash
# Installs what building and running wean needs and this machine lacks. A second run finds everything and does nothing.
#   examples/setup.sh            the tools: Debian packages, and .venv with torch, whose wheel holds LibTorch
#   examples/setup.sh --tests    also what the tests need: GoogleTest, clang-format, diffusers, transformers, ...
# WEAN_PYTHON=/path/to/python uses that Python instead of making .venv; it must have the packages already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(ca-certificates cmake g++ make ninja-build pkg-config python3-venv
  libcli11-dev libfmt-dev libhdf5-dev libpng-dev libssl-dev nlohmann-json3-dev)
requirements=(examples/requirements.txt)
if [[ "${1:-}" == --tests ]]; then
  packages+=(clang-format hdf5-tools libgmock-dev libgtest-dev locales)
  requirements+=(tests/requirements.txt)
elif [[ $# -gt 0 ]]; then
  echo "setup: unknown argument '$1'; allowed is --tests" >&2
  exit 2
fi
did_something=no
# A machine with an NVIDIA driver gets all of torch, so that --device cuda works.
[[ "${1:-}" == --tests || -e /dev/nvidiactl ]] && whole=yes || whole=no

missing_packages() {
  local installed
  installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Abbrev}\n' "${packages[@]}" 2>/dev/null | awk '$2 == "ii" { print $1 }' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed")
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: not a Debian system; provide the equivalents of: ${packages[*]}" >&2
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  did_something=yes
  echo "setup: installing ${missing[*]}"
  local as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "setup: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y "${missing[@]}" >/dev/null
}

# Names of the requirements that the Python $1 has not, or not in that version; with $whole also what torch itself asks for.
missing_requirements() {
  cat "${requirements[@]}" | "$1" -c '
import importlib.metadata, re, sys

def found(name):
    try:
        return importlib.metadata.version(name).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None

wanted = [line.split("#")[0].strip() for line in sys.stdin]
missing = [want for want in wanted if want and found(want.split("==")[0]) != want.split("==")[1]]
if sys.argv[1] == "yes" and "torch==2.11.0" not in missing:
    asked = [need for need in importlib.metadata.requires("torch") if "extra" not in need and "linux" in need.lower()]
    missing += sorted({"torch==2.11.0" for need in asked if not found(re.match(r"[\w.-]+", need)[0])})
print("\n".join(missing))' "$whole" | sed '/^$/d'
}

install_python() {
  local python=${WEAN_PYTHON:-.venv/bin/python} missing options=(--quiet --disable-pip-version-check --no-compile)
  if [[ -z "${WEAN_PYTHON:-}" ]] && ! "$python" -c '' 2>/dev/null; then
    did_something=yes
    python3 -m venv .venv
  fi
  mapfile -t missing < <(missing_requirements "$python")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ -n "${WEAN_PYTHON:-}" ]]; then
    echo "setup: WEAN_PYTHON=$WEAN_PYTHON lacks ${missing[*]}" >&2
    exit 1
  fi
  did_something=yes
  echo "setup: installing into .venv: ${missing[*]}"
  [[ $whole == yes ]] || options+=(--no-deps)
  # A set-up that was interrupted may have left Python without pip; making the environment again adds it.
  "$python" -m pip --version >/dev/null 2>&1 || python3 -m venv .venv
  "$python" -m pip install "${options[@]}" "${missing[@]}"
}

install_packages
install_python
[[ $did_something == yes ]] && echo "setup: done in $SECONDS s" || echo "setup: everything is there ($SECONDS s)"
