#!/bin/sh
# Builds wean-tune-sm90 with nvcc alone, for a GPU machine without the rest of wean's dependencies.
#   kernels/sm90/tune/build.sh FOLDER [jobs]
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=$1 jobs=${2:-16}
mkdir -p "$folder"
cd "$root"
sources="kernels/sm90/tune/*.cu kernels/sm90/tune/*.cc kernels/sm90/*.cc kernels/sm90/instantiations/*.cu kernels/cuda/plan.cu"
for source in $sources; do echo "$source"; done | xargs -P "$jobs" -I{} sh -c \
  'nvcc -std=c++20 -O3 -I. -gencode arch=compute_90a,code=sm_90a --expt-relaxed-constexpr --split-compile=0 -c "$1" -o "$2/$(echo "$1" | tr / _).o"' - {} "$folder"
nvcc -gencode arch=compute_90a,code=sm_90a "$folder"/*.o -o "$folder/wean-tune-sm90"
echo "$folder/wean-tune-sm90"
