"""libwean exports exactly the functions of wean.h: exported_symbols_test.py NM LIBRARY LIST HEADER"""
import re
import subprocess
import sys


def main(nm, library, listed, header):
    output = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    exported = sorted(line.split()[-1] for line in output.splitlines())
    with open(listed) as file:
        expected = file.read().split()
    with open(header) as file:
        declared = sorted(set(re.findall(r"WEAN_API [^;(]*?(wean_\w+)\(", file.read())))
    for name in sorted(set(exported) ^ set(expected)):
        print(f"{name}: {'exported but not listed' if name in exported else 'listed but not exported'}")
    for name in sorted(set(declared) ^ set(expected)):
        print(f"{name}: {'declared but not listed' if name in declared else 'listed but not declared'}")
    print(f"{len(exported)} exported, {len(expected)} listed, {len(declared)} declared")
    return 0 if exported == expected == declared else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
