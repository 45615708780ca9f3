#!/bin/sh
# On a Hopper machine: builds wean-tune-sm90, looks at the pieces, checks, and only if nothing failed there times the
# variants, with clock and power beside. Everything goes to FOLDER.
#   kernels/sm90/tune/run_all.sh FOLDER [seconds of timing]
set -u
PATH=$PATH:/usr/local/cuda/bin
out=$1 seconds=${2:-100}
mkdir -p "$out"
here=$(dirname "$0")
"$here/build.sh" /tmp/wean-tune 16 >"$out/build.log" 2>&1 || { tail -20 "$out/build.log"; exit 1; }
tune=/tmp/wean-tune/wean-tune-sm90
timeout 90 "$tune" --diagnose --out "$out" | cut -c1-600
timeout 280 "$tune" --check --out "$out" >"$out/check.log"
grep -v '"fault":""' "$out/check.log" | cut -c1-700 | head -40
echo "passed: $(grep -c '"fault":""' "$out/check.log")"
good=$(for v in plain overlap turns unpinned lazy registers registers-lazy registers-free; do
  grep "\"variant\":\"$v\"" "$out/check.log" | grep -q '"fault":"[^"]' && continue
  grep -q "\"variant\":\"$v\"" "$out/check.log" && echo "--variant $v"
done)
[ -n "$good" ] || exit 1
nvidia-smi --query-gpu=name,clocks.sm,power.draw,temperature.gpu --format=csv,noheader -lms 200 >"$out/clock.csv" 2>&1 &
watcher=$!
timeout $((seconds + 70)) "$tune" --time --seconds "$seconds" $good --out "$out" >"$out/time.log"
kill $watcher
grep '"kind":"time"' "$out/time.log" | sed -E 's/.*"variant":"([^"]*)","shape":"([^"]*)".*"density":([^,]*),.*"ms":([^,]*),"least":([^,]*),"most":([^,]*),"kept_tflops":([^,]*),.*/\2 \3 \1 \4 ms (\5-\6) \7/'
grep -v '"kind":"time"' "$out/time.log"
