"""The machine code of the Hopper kernels: the main loop has every matrix instruction and exactly two waits for them, the
exponentials run between those, and nothing lives in local memory.

usage: sm90_sass_test.py CUOBJDUMP OBJECT...; exit 77 (skipped) without cuobjdump
"""
import re
import subprocess
import sys

INSTRUCTION = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;")
FUNCTION = re.compile(r"Function : (\S+)")
BACKWARD = re.compile(r"\bBRA\S*\s.*?0x([0-9a-f]+)")


def functions(listing):
    """{name: [(address, instruction)]} of what cuobjdump --dump-sass prints."""
    found, name = {}, None
    for line in listing.splitlines():
        if match := FUNCTION.search(line):
            name = match[1]
            found[name] = []
        elif (match := INSTRUCTION.match(line)) and name:
            found[name].append((int(match[1], 16), match[2]))
    return found


def main_loop(code):
    """The instructions of the smallest loop with matrix instructions; empty if there is none."""
    place = {address: i for i, (address, _) in enumerate(code)}
    loops = []
    for i, (address, text) in enumerate(code):
        match = BACKWARD.search(text)
        if match and (target := int(match[1], 16)) < address and target in place:
            body = [t for _, t in code[place[target] : i + 1]]
            if any("HGMMA" in t for t in body):
                loops.append(body)
    return min(loops, key=len, default=[])


def faults(code, products):
    """What is wrong with a kernel whose main loop should have `products` matrix instructions."""
    wrong = [f"local memory: {text}" for _, text in code if re.search(r"\b(LDL|STL)\b", text)]
    body = main_loop(code)
    waits = [i for i, text in enumerate(body) if "WARPGROUP.DEPBAR" in text]
    count = sum("HGMMA" in text for text in body)
    if count != products:
        wrong.append(f"{count} matrix instructions in the main loop; {products} are wanted")
    if len(waits) != 2:
        wrong.append(f"{len(waits)} waits in the main loop; 2 are wanted")
    else:
        between = sum("MUFU.EX2" in text for text in body[waits[0] : waits[1]])
        if between < 64:
            wrong.append(f"{between} exponentials between the waits; at least 64 are wanted")
    return wrong


def self_check(code, products):
    """The gate finds what it is there for: planted faults in a kernel that passes."""
    first_wait = next(i for i, (_, text) in enumerate(code) if "WARPGROUP.DEPBAR" in text)
    planted = {
        "local memory": [*code, (code[-1][0] + 16, "STL [R1], R2")],
        "no product": [item for item in code if "HGMMA" not in item[1]],
        "no wait": [item for item in code if "DEPBAR" not in item[1]],
        "no exponential": [item for item in code if "MUFU.EX2" not in item[1]],
    }
    assert first_wait > 0
    return [f"the gate misses a planted fault: {name}" for name, bad in planted.items() if not faults(bad, products)]


def main(cuobjdump, objects):
    if not cuobjdump or cuobjdump.endswith("NOTFOUND"):
        print("skipped: no cuobjdump")
        return 77
    wrong, kernels = [], 0
    for path in objects:
        listing = subprocess.run([cuobjdump, "--dump-sass", path], capture_output=True, text=True, check=True).stdout
        for name, code in functions(listing).items():
            if "attention_kernel" not in name:
                continue
            kernels += 1
            products = 12 if re.search(r"(Bfloat|Half)64x", name) else 16
            body = main_loop(code)
            print(f"{name}: {len(code)} instructions, {len(body)} in the main loop")
            wrong += [f"{name}: {text}" for text in faults(code, products)]
            wrong += self_check(code, products)
    if kernels != len(objects) or kernels == 0:
        wrong.append(f"{kernels} kernels in {len(objects)} objects; one in each is wanted")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
