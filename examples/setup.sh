#!/usr/bin/env bash
# Installs what building and running wean needs and this machine lacks. A second run finds everything and does nothing.
#   examples/setup.sh            the tools: Debian packages, and .venv with torch, whose wheel holds LibTorch
#   examples/setup.sh --tests    also what the tests need: GoogleTest, clang-format, diffusers, transformers, ...
# WEAN_PYTHON=/path/to/python uses that Python instead of making .venv; it must have the packages already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(ca-certificates cmake g++ make ninja-build pkg-config python3-venv
  libcli11-dev libeigen3-dev libfmt-dev libhdf5-dev libpng-dev libsentencepiece-dev libssl-dev nlohmann-json3-dev)
requirements=(examples/requirements.txt)
if [[ "${1:-}" == --tests ]]; then
  packages+=(clang-format hdf5-tools libgmock-dev libgtest-dev)
  requirements+=(tests/requirements.txt)
elif [[ $# -gt 0 ]]; then
  echo "setup: unknown argument '$1'; allowed is --tests" >&2
  exit 2
fi
did_something=no

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

# Names of the requirements that the Python $1 has not, or not in that version.
missing_requirements() {
  cat "${requirements[@]}" | "$1" -c '
import importlib.metadata, sys
for line in sys.stdin:
    name, _, version = line.split("#")[0].strip().partition("==")
    try:
        found = importlib.metadata.version(name) if name else None
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if name and found.split("+")[0] != version:
        print(f"{name}=={version}")'
}

install_python() {
  local python=${WEAN_PYTHON:-.venv/bin/python} missing
  if [[ -z "${WEAN_PYTHON:-}" && ! -x "$python" ]]; then
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
  "$python" -m pip install --quiet --disable-pip-version-check "${missing[@]}"
}

install_packages
install_python
[[ $did_something == yes ]] && echo "setup: done in $SECONDS s" || echo "setup: everything is there ($SECONDS s)"
