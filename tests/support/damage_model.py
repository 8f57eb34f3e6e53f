"""Damages a copy of a GGUF file in one way that a gate must see; without packages.

  damage_model.py FILE TARGET two-bits LAYER      the F16 matrices of one layer, rounded to four levels in blocks of 16
  damage_model.py FILE TARGET eight-bits          every F16 matrix rounded to 8 bits in blocks of 32: no damage
  damage_model.py FILE TARGET template            the chat template swapped for one that marks turns otherwise
  damage_model.py FILE TARGET context TOKENS      the context that the file says the model was trained for

Values stay F16, so the file keeps its layout; only the template's bytes change length, and are padded with spaces.
"""

import struct
import sys
from array import array

from gguf_edit import SIZES


def read_string(data, at):
    length = struct.unpack_from("<Q", data, at)[0]
    return data[at + 8:at + 8 + length], at + 8 + length


def skip_value(data, at, kind):
    if kind == 8:
        return read_string(data, at)[1]
    if kind == 9:
        inner, count = struct.unpack_from("<IQ", data, at)
        at += 12
        if inner != 8:
            return at + count * SIZES[inner]
        for _ in range(count):
            at = read_string(data, at)[1]
        return at
    return at + SIZES[kind]


def layout(data):
    """Places of the values by key, the tensors (name, dimensions, type, place) and where their data begin."""
    tensors, keys = struct.unpack_from("<QQ", data, 8)
    at, values, alignment = 24, {}, 32
    for _ in range(keys):
        key, at = read_string(data, at)
        kind = struct.unpack_from("<I", data, at)[0]
        values[key.decode()] = at + 4
        at = skip_value(data, at + 4, kind)
    if "general.alignment" in values:
        alignment = struct.unpack_from("<I", data, values["general.alignment"])[0]
    found = []
    for _ in range(tensors):
        name, at = read_string(data, at)
        count = struct.unpack_from("<I", data, at)[0]
        dimensions = struct.unpack_from(f"<{count}Q", data, at + 4)
        kind, place = struct.unpack_from("<IQ", data, at + 4 + 8 * count)
        at += 16 + 8 * count
        found.append((name.decode(), dimensions, kind, place))
    begin = (at + alignment - 1) // alignment * alignment
    return values, [(name, shape, kind, begin + place) for name, shape, kind, place in found]


def round_matrix(data, place, count, block, levels):
    values = array("f", struct.unpack_from(f"<{count}e", data, place))
    for first in range(0, count, block):
        part = values[first:first + block]
        low, high = min(part), max(part)
        step = (high - low) / (levels - 1) or 1.0
        for i, value in enumerate(part):
            values[first + i] = low + step * round((value - low) / step)
    struct.pack_into(f"<{count}e", data, place, *values)


def main():
    source, target, damage = sys.argv[1:4]
    data = bytearray(open(source, "rb").read())
    values, tensors = layout(data)
    if damage in ("two-bits", "eight-bits"):
        beginning = f"blk.{sys.argv[4]}." if damage == "two-bits" else ""
        done = 0
        for name, shape, kind, place in tensors:
            if kind == 1 and len(shape) == 2 and name.startswith(beginning):
                round_matrix(data, place, shape[0] * shape[1], *((16, 4) if damage == "two-bits" else (32, 256)))
                done += 1
        assert done, "no matrix of F16 to round"
    elif damage == "template":
        place = values["tokenizer.chat_template"]
        old = read_string(data, place)[0]
        new = (b"{% for message in messages %}{{ message['content'] }} [{{ message['role'] }}] {% endfor %}")
        assert len(new) <= len(old), "the template is too short to be replaced in place"
        data[place + 8:place + 8 + len(old)] = new + b" " * (len(old) - len(new))
    elif damage == "context":
        struct.pack_into("<I", data, next(at for key, at in values.items() if key.endswith(".context_length")), int(sys.argv[4]))
    else:
        sys.exit(__doc__)
    open(target, "wb").write(data)


main()
