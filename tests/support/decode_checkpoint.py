"""Decodes one layer of a checkpoint and compares it with the same layer of the GGUF file that it is to decode to; written
from the formats' descriptions alone, without packages.

  decode_checkpoint.py FOLDER TWIN.gguf
"""

import json
import pathlib
import struct
import sys

from gguf_edit import Gguf

MODULE, TENSOR, HEAD = "model.layers.1.self_attn.k_proj", "blk.1.attn_k.weight", 32


def tensors_of(folder):
    data = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    result = {}
    for name, info in header.items():
        if name.startswith(MODULE + "."):
            first, end = info["data_offsets"]
            raw = data[8 + length + first:8 + length + end]
            form = {"I32": "I", "F16": "e", "I64": "q", "I8": "b", "F32": "f"}[info["dtype"]]
            result[name[len(MODULE) + 1:]] = (info["shape"], struct.unpack(f"<{len(raw) // struct.calcsize(form)}{form}", raw))
    return result


def decode(config, tensors):
    method = config["quant_method"]
    if method == "gptq":
        bits, (shape, words) = config["bits"], tensors["qweight"]
        fields, rows = 32 // bits, shape[1]
        _, scales = tensors["scales"]
        _, zeros = tensors["qzeros"]
        _, groups = tensors["g_idx"]

        def value(n, k):
            code = words[k // fields * rows + n] >> bits * (k % fields) & (1 << bits) - 1
            zero = (zeros[(groups[k] * rows + n) // fields] >> bits * (n % fields) & (1 << bits) - 1) + 1
            return scales[groups[k] * rows + n] * (code - zero)
        return rows, shape[0] * fields, value
    if method == "awq":
        (columns, width), words = tensors["qweight"]
        rows, group, (_, scales), (_, zeros) = 8 * width, config["group_size"], tensors["scales"], tensors["qzeros"]
        place = [0, 4, 1, 5, 2, 6, 3, 7]

        def value(n, k):
            shift = 4 * place[n % 8]
            code, zero = words[k * width + n // 8] >> shift & 15, zeros[k // group * width + n // 8] >> shift & 15
            return scales[k // group * rows + n] * (code - zero)
        return rows, columns, value
    (rows, groups), scales = tensors["weight_scale"]
    if config["format"] == "int-quantized":
        (rows, columns), weights = tensors["weight"]
        return rows, columns, lambda n, k: scales[n] * weights[n * columns + k]
    _, (rows, columns) = tensors["weight_shape"]
    _, words = tensors["weight_packed"]
    zeros = tensors.get("weight_zero_point", (None, None))[1]

    def value(n, k):
        code = (words[n * columns // 8 + k // 8] >> 4 * (k % 8) & 15) - 8
        group = k * groups // columns
        zero = (zeros[n // 8 * groups + group] >> 4 * (n % 8) & 15) - 8 if zeros else 0
        return scales[n * groups + group] * (code - zero)
    return rows, columns, value


def main():
    folder, twin = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    rows, columns, value = decode(config, tensors_of(folder))
    gguf = Gguf(twin)
    kind, shape, offset = gguf.tensors[TENSOR]
    assert (kind, shape) == (0, (columns, rows)), (kind, shape, columns, rows)
    wanted = struct.unpack_from(f"<{rows * columns}f", gguf.bytes, gguf.data + offset)
    levels = set()
    for at in range(rows):
        within = at % HEAD
        stored = at - within + within // 2 + within % 2 * (HEAD // 2)
        for k in range(columns):
            found = struct.unpack("<f", struct.pack("<f", value(stored, k)))[0]
            assert found == wanted[at * columns + k], (at, k, found, wanted[at * columns + k])
            levels.add(found)
    assert len(levels) > 100, len(levels)  # not all zeros
    print(f"{rows * columns} weights of {MODULE} decode to those of {twin.name}")


if __name__ == "__main__":
    main()
