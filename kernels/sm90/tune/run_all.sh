#!/bin/sh
# On a Hopper machine: builds wean-tune-sm90 (or takes the one named by TUNE), looks at the pieces, checks, and times
# the variants in which nothing failed, with clock and power. Everything goes to FOLDER.
#   kernels/sm90/tune/run_all.sh FOLDER [seconds of timing] [arguments of --time...]
set -u
PATH=$PATH:/usr/local/cuda/bin
out=$1 seconds=${2:-60}
shift; [ $# -eq 0 ] || shift
mkdir -p "$out"
here=$(dirname "$0")
tune=${TUNE:-/tmp/wean-tune/wean-tune-sm90}
[ -n "${TUNE:-}" ] || "$here/build.sh" /tmp/wean-tune 16 >"$out/build.log" 2>&1 || { tail -20 "$out/build.log"; exit 1; }
timeout 90 "$tune" --diagnose --out "$out" | cut -c1-600
timeout 280 "$tune" --check --out "$out" >"$out/check.log"
grep '"kind":"fault"' "$out/check.log"
grep '"kind":"check"' "$out/check.log" | grep -v '"fault":""' | cut -c1-700 | head -40
echo "passed: $(grep -c '"fault":""' "$out/check.log")"
good=$(sed -n 's/.*"kind":"check","variant":"\([^"]*\)".*/\1/p' "$out/check.log" | sort -u | while read -r v; do
  grep "\"variant\":\"$v\"" "$out/check.log" | grep -q '"fault":"[^"]' || printf ' --variant %s' "$v"
done)
[ -n "$good" ] || exit 1
# shellcheck disable=SC2086
timeout $((seconds + 70)) "$tune" --time --seconds "$seconds" $good --out "$out" "$@" >"$out/time.log"
sed -nE 's/.*"variant":"([^"]*)","shape":"([^"]*)","mask":"([^"]*)","density":([^,]*),.*"ms":([^,]*),"least":([^,]*),"most":([^,]*),"kept_tflops":([^,]*),.*"sm_mhz":([0-9]*),"watts":([0-9]*).*/\2 \3 \4 \1 \5 ms (\6-\7) \8 at \9 MHz/p' "$out/time.log"
grep -v '"kind":"time"' "$out/time.log"
