#!/usr/bin/env bash
# The main job on the shipped checkpoint: set-up, build, extract on 4 prompts, calibrate to a global density of 0.45, pack,
# and verify on 2 prompts that calibration did not see. Ends with the table of wean-verify and leaves out/quickstart/
# {profile.h5,plan.h5,masks.wean,report.json,frames/*.png}. A second run builds nothing again and takes the finished
# prompts of extract as they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source examples/build.sh
# Idle OpenMP threads sleep instead of spinning: several programs share these cores.
export OMP_WAIT_POLICY=passive

model=examples/tiny-wan/checkpoint
out=out/quickstart
bin=build/release/bin
# The settings that tiny-wan's README freezes for every measurement.
sampling=(--steps 20 --guidance 4)

stage() {  # stage NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@"
  echo "   $((SECONDS - start)) s"
}

build_tools() {
  local options=()
  # Whoever has configured with tests keeps them; the tools are the same.
  [[ -f build/release/CMakeCache.txt ]] || options=(-DWEAN_TESTS=OFF)
  wean_build release "${options[@]}" -- wean-extract wean-calibrate wean-pack wean-verify wean-inspect
}

first_prompts() { awk -v most="$2" '!/^#/ && NF && taken++ < most' "examples/prompts/$1.txt" >"$out/$1.txt"; }

# Shards of an earlier version of wean or of other prompts do not fit (exit 7): then it starts anew.
extract() {
  local command=("$bin/wean-extract" "$model" --prompts "$out/calibration.txt" -o "$out/profile.h5"
    --size 192x192 --frames 33 "${sampling[@]}" --resume --force)
  "${command[@]}" && return
  local code=$?
  [[ $code -eq 7 ]] || return $code
  rm -rf "$out/profile.h5.shards"
  "${command[@]}"
}

stage "set-up" examples/setup.sh
stage "build" build_tools
mkdir -p "$out"
first_prompts calibration 4
first_prompts heldout 2
stage "extract" extract
stage "calibrate" "$bin/wean-calibrate" "$out/profile.h5" -o "$out/plan.h5" --density 0.45 --force
stage "pack" "$bin/wean-pack" "$out/plan.h5" --profile "$out/profile.h5" -o "$out/masks.wean" --force
stage "verify" "$bin/wean-verify" "$model" "$out/masks.wean" --prompts "$out/heldout.txt" -o "$out" "${sampling[@]}" --force
