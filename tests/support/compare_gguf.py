"""Compares two GGUF files key by key and tensor by tensor; without packages.

  compare_gguf.py ONE OTHER [--may-differ KEY…] [--half SUFFIX…]

Prints every difference, a line each, and exits 1 where there is one. Keys after --may-differ count for nothing; a `*`
stands for the architecture's name. A tensor differs by its type, its shape or any byte; F32 tensors whose names end as
--half says are compared after rounding to 16 bits.
"""

import struct
import sys

from gguf_edit import Gguf
from make_hf import metadata

BLOCKS = {0: (1, 4), 1: (1, 2), 30: (1, 2)}


def halved(data):
    values = struct.unpack(f"<{len(data) // 4}f", data)
    return struct.pack(f"<{len(values)}e", *values)


def contents(path, half):
    file, found = Gguf(path), {}
    for name, (kind, shape, offset) in file.tensors.items():
        count = 1
        for length in shape:
            count *= length
        weights, width = BLOCKS[kind]
        start = file.data + offset
        while len(shape) > 1 and shape[-1] == 1:  # {256, 1} and {256} are one shape to the engine
            shape = shape[:-1]
        data = bytes(file.bytes[start:start + count // weights * width])
        found[name] = (kind, tuple(shape), halved(data) if kind == 0 and name.endswith(half) else data)
    return found


def same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("<f", one) == struct.pack("<f", other)
    return one == other


def main(one, other, allowed, half):
    faults = []
    keys, others = metadata(one), metadata(other)
    for key in sorted(set(keys) | set(others)):
        if key in allowed or "*." + key.partition(".")[2] in allowed:
            continue
        if key not in keys or key not in others:
            faults.append(f"key {key}: only in {one if key in keys else other}")
        elif isinstance(keys[key], list):
            wrong = [i for i, (a, b) in enumerate(zip(keys[key], others[key])) if not same(a, b)]
            if wrong or len(keys[key]) != len(others[key]):
                at = wrong[0] if wrong else min(len(keys[key]), len(others[key]))
                faults.append(f"key {key}: {len(keys[key])} and {len(others[key])} elements, {len(wrong)} differ, first "
                              f"{at}: {keys[key][at:at + 1]} {others[key][at:at + 1]}")
        elif not same(keys[key], others[key]):
            faults.append(f"key {key}: {keys[key]!r} and {others[key]!r}")
    tensors, other_tensors = contents(one, half), contents(other, half)
    for name in sorted(set(tensors) | set(other_tensors)):
        if name not in tensors or name not in other_tensors:
            faults.append(f"tensor {name}: only in {one if name in tensors else other}")
        elif tensors[name][:2] != other_tensors[name][:2]:
            faults.append(f"tensor {name}: {tensors[name][:2]} and {other_tensors[name][:2]}")
        elif tensors[name][2] != other_tensors[name][2]:
            faults.append(f"tensor {name}: other bytes")
    print("\n".join(faults) or f"{len(keys)} keys and {len(tensors)} tensors agree")
    return 1 if faults else 0


if __name__ == "__main__":
    lists = {"": [], "--may-differ": [], "--half": []}
    current = ""
    for argument in sys.argv[1:]:
        if argument in lists:
            current = argument
        else:
            lists[current].append(argument)
    sys.exit(main(*lists[""], lists["--may-differ"], tuple(lists["--half"])))
