# Sourced by examples/quickstart.sh and tests/run.sh, so that both share build folders and nothing is built twice.

# As many compilers at once as there are cores and 2 GB of memory for each: files with LibTorch headers need that much.
wean_jobs() {
  local cores gigabytes jobs
  cores=$(nproc)
  gigabytes=$(awk '/^MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
  jobs=$((gigabytes / 2 < cores ? gigabytes / 2 : cores))
  echo $((jobs > 1 ? jobs : 1))
}

# wean_build PRESET [CMAKE_OPTION ...] [-- TARGET ...]: configures and builds build/PRESET.
wean_build() {
  local preset=$1 options=()
  shift
  while [[ $# -gt 0 && $1 != -- ]]; do
    options+=("$1")
    shift
  done
  [[ $# -eq 0 ]] || shift
  [[ -z "${WEAN_PYTHON:-}" ]] || options+=("-DWEAN_PYTHON=$WEAN_PYTHON")
  cmake --preset "$preset" --log-level=WARNING "${options[@]}" >/dev/null
  cmake --build "build/$preset" --parallel "$(wean_jobs)" ${1:+--target "$@"}
}
