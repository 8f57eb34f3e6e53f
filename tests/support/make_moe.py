"""Makes a mixture-of-experts model from the dense test model; without packages.

  make_moe.py DENSE TARGET [EXPERTS [USED]]

Every expert is the dense feed-forward network with its hidden units in another order, so each computes the same function
from other rows and columns. The router's weights are random and its outputs sum to one, so that the mixture computes
what the dense model computes, while tokens spread over the experts. Layout: llama.cpp's for Mixtral.
"""

import array
import random
import struct
import sys

from gguf_edit import Gguf


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def number(key, value):
    return text(key) + struct.pack("<II", 4, value)


def raw(file, name):
    kind, shape, offset = file.tensors[name]
    count = 1
    for length in shape:
        count *= length
    start = file.data + offset
    return bytes(file.bytes[start:start + count * {0: 4, 1: 2}[kind]])


def rows_in_order(data, columns, order):
    width = 2 * columns
    return b"".join(data[row * width:(row + 1) * width] for row in order)


def columns_in_order(data, columns, order):
    values = array.array("H", data)
    out = array.array("H")
    for first in range(0, len(values), columns):
        row = values[first:first + columns]
        out.extend(row[column] for column in order)
    return out.tobytes()


def main(source, target, experts=4, used=2):
    draw = random.Random(7)
    file = Gguf(source)
    (pairs,) = struct.unpack_from("<Q", file.bytes, 16)
    extra = number("llama.expert_count", experts) + number("llama.expert_used_count", used)
    tensors = []
    for name, (kind, shape, _) in file.tensors.items():
        part = name.split(".")[-2]
        data = raw(file, name)
        if part not in ("ffn_gate", "ffn_up", "ffn_down"):
            tensors.append((name, kind, shape, data))
            continue
        assert kind == 1, "the dense model's matrices are F16"
        hidden = shape[0] if part == "ffn_down" else shape[1]
        layer = int(name.split(".")[1])
        copies = []
        for expert in range(experts):
            order = list(range(hidden))
            random.Random(1000 * layer + expert).shuffle(order)  # the same for the three matrices of an expert
            copies.append(columns_in_order(data, hidden, order) if part == "ffn_down" else rows_in_order(data, shape[0], order))
        tensors.append((name.replace(part, part + "_exps"), kind, (*shape, experts), b"".join(copies)))
        if part == "ffn_up":
            width = shape[0]
            router = array.array("f", (draw.gauss(0, 1) for _ in range(width * experts)))
            tensors.append((name.replace(part, "ffn_gate_inp"), 0, (width, experts), router.tobytes()))
    infos, data = b"", bytearray()
    for name, kind, shape, content in tensors:
        data += bytes(-len(data) % 32)
        infos += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += content
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), pairs + 2) + bytes(file.bytes[24:file.infos]) + extra + infos
    with open(target, "wb") as out:
        out.write(head + bytes(-len(head) % 32) + data)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *[int(argument) for argument in sys.argv[3:5]])
