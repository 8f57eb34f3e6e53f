"""Changes weights of a GGUF file in place; without packages.

  gguf_edit.py FILE set TENSOR VALUE [ROW [COLUMN]]   a whole tensor, one row or one weight (F32 and F16 tensors)
  gguf_edit.py FILE decode TARGET                     writes TARGET with every tensor as F32; reads F32, F16 and the
                                                      types that the mix Q2_K uses
"""

import struct
import sys

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def half(data, at):
    return struct.unpack_from("<e", data, at)[0]


def q2_k(b):
    d, dmin, out = half(b, 80), half(b, 82), []
    for group in range(16):
        scale, first, shift = b[group], 16 + 32 * (group // 8) + 16 * (group % 2), 2 * (group % 8 // 2)
        step, low = d * (scale & 15), dmin * (scale >> 4)
        out += [step * (q >> shift & 3) - low for q in b[first:first + 16]]
    return out


def q3_k(b):
    d, out = half(b, 108), []
    for k in range(16):
        low = b[96 + k] & 15 if k < 8 else b[96 + k - 8] >> 4
        step = d * ((low | (b[104 + k % 4] >> 2 * (k // 4) & 3) << 4) - 32)
        first, shift, bit = 32 + 32 * (k // 8) + 16 * (k % 2), 2 * (k % 8 // 2), 4 * (k // 8) + k % 8 // 2
        masks = b[16 * (k % 2):16 * (k % 2) + 16]
        out += [step * ((q >> shift & 3) - (0 if m >> bit & 1 else 4)) for q, m in zip(b[first:first + 16], masks)]
    return out


def q4_k(b):
    d, dmin, sc, out = half(b, 0), half(b, 2), b[4:16], []
    for k in range(8):
        if k < 4:
            s, m = sc[k] & 63, sc[k + 4] & 63
        else:
            s, m = sc[k + 4] & 15 | sc[k - 4] >> 6 << 4, sc[k + 4] >> 4 | sc[k] >> 6 << 4
        first, shift = 16 + 32 * (k // 2), 4 * (k % 2)
        out += [d * s * (q >> shift & 15) - dmin * m for q in b[first:first + 32]]
    return out


def q6_k(b):
    d, out = half(b, 208), []
    scales = struct.unpack_from("<16b", b, 192)
    for j in range(256):
        part, place = j // 128, j % 128
        low = b[64 * part + place % 64] >> 4 * (place // 64) & 15
        high = b[128 + 32 * part + place % 32] >> 2 * (place // 32) & 3
        out.append(d * scales[j // 16] * ((low | high << 4) - 32))
    return out


# type number: (weights, bytes, decoder) of a block
BLOCKS = {0: (1, 4, lambda b: struct.unpack("<f", b)), 1: (1, 2, lambda b: struct.unpack("<e", b)),
          10: (256, 84, q2_k), 11: (256, 110, q3_k), 12: (256, 144, q4_k), 14: (256, 210, q6_k)}


class Gguf:
    def __init__(self, path):
        self.path = path
        self.bytes = bytearray(open(path, "rb").read())
        self.at = 8
        tensors, pairs = self.take("<QQ")
        alignment = 32
        for _ in range(pairs):
            key = self.text()
            (kind,) = self.take("<I")
            value = self.skip(kind)
            if key == "general.alignment":
                alignment = value
        self.tensors = {}
        self.infos = self.at
        for _ in range(tensors):
            name = self.text()
            (dimensions,) = self.take("<I")
            shape = self.take(f"<{dimensions}Q")
            kind, offset = self.take("<IQ")
            self.tensors[name] = (kind, shape, offset)
        self.data = (self.at + alignment - 1) // alignment * alignment

    def take(self, form):
        values = struct.unpack_from(form, self.bytes, self.at)
        self.at += struct.calcsize(form)
        return values

    def text(self):
        (length,) = self.take("<Q")
        self.at += length
        return self.bytes[self.at - length:self.at].decode("utf-8", "replace")

    def skip(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            inner, count = self.take("<IQ")
            if inner == 8:
                for _ in range(count):
                    self.text()
            else:
                self.at += SIZES[inner] * count
            return None
        if kind == 4:
            return self.take("<I")[0]
        self.at += SIZES[kind]
        return None

    def set(self, name, value, row=None, column=None):
        kind, shape, offset = self.tensors[name]
        form = {0: "<f", 1: "<e"}[kind]
        width, columns = struct.calcsize(form), shape[0]
        rows = 1
        for length in shape[1:]:
            rows *= length
        encoded = struct.pack(form, value)
        first = 0 if row is None else row * columns + (0 if column is None else column)
        count = rows * columns if row is None else columns if column is None else 1
        start = self.data + offset + first * width
        self.bytes[start:start + count * width] = encoded * count

    def decoded(self, name):
        kind, shape, offset = self.tensors[name]
        weights, size, decode = BLOCKS[kind]
        count = 1
        for length in shape:
            count *= length
        start, values = self.data + offset, []
        for at in range(start, start + count // weights * size, size):
            values += decode(bytes(self.bytes[at:at + size]))
        return values

    def write_decoded(self, path):
        infos, data = b"", bytearray()
        for name, (_, shape, _) in self.tensors.items():
            data += bytes(-len(data) % 32)
            encoded = name.encode()
            infos += struct.pack("<Q", len(encoded)) + encoded + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
            values = self.decoded(name)
            data += struct.pack(f"<{len(values)}f", *values)
        head = bytes(self.bytes[:self.infos]) + infos
        with open(path, "wb") as file:
            file.write(head + bytes(-len(head) % 32) + data)

    def save(self):
        with open(self.path, "wb") as file:
            file.write(self.bytes)


if __name__ == "__main__":
    file = Gguf(sys.argv[1])
    if sys.argv[2] == "decode":
        file.write_decoded(sys.argv[3])
    else:
        name, value = sys.argv[3], float(sys.argv[4])
        file.set(name, value, *[int(argument) for argument in sys.argv[5:7]])
        file.save()
