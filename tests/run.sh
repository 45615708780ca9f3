#!/usr/bin/env bash
# Set-up, build and every test: the host parts under AddressSanitizer and UBSan, libwean's threads under ThreadSanitizer, then
# everything as released.
# Ends on the summary of ctest; the exit status is not 0 when anything failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source examples/build.sh
# Idle OpenMP threads sleep instead of spinning: several programs share these cores.
export OMP_WAIT_POLICY=passive
# The set-up has installed what the tests compare with: a missing module is a failure here, not a skipped test.
export WEAN_REQUIRE_ORACLES=1

stages=""
stage() {  # stage NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@"
  stages+=$(printf '%6d s  %s' $((SECONDS - start)) "$name")$'\n'
}
run_tests() {  # run_tests PRESET [CTEST_OPTION ...]
  ctest --test-dir "build/$1" --output-on-failure --parallel "$(nproc)" --no-tests=error "${@:2}"
}

stage "set-up" examples/setup.sh --tests
stage "build asan" wean_build asan -DWEAN_TESTS=ON
stage "test asan" run_tests asan
stage "build tsan" wean_build tsan -DWEAN_TESTS=ON -- runtime_threads_test
stage "test tsan" run_tests tsan -R '^RuntimeThreads'
stage "build release" wean_build release -DWEAN_TESTS=ON
printf '== seconds so far\n%s== test release\n' "$stages"
run_tests release
