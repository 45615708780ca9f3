#!/bin/sh
# Compiler launcher of the Hopper kernels: what ptxas only mentions but costs most of the speed fails the build.
# C7508 ignores setmaxnreg; C7510, C7513 and C7520 serialise wgmma ("Potential Performance Loss").
log=$("$@" 2>&1)
status=$?
[ -z "$log" ] || printf '%s\n' "$log" >&2
if printf '%s\n' "$log" | grep -Eq 'Potential Performance Loss|C7508|C7510|C7513|C7520'; then
  echo "ptxas_gate: the warning above costs most of the kernel's speed" >&2
  exit 1
fi
exit $status
