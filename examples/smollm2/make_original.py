#!/usr/bin/env python3
"""Makes the example's original: an F16 model out of the Q4_1 file that a Python package carries.

Usage: make_original.py IN.gguf OUT.gguf        (numpy and gguf must be installed)

No package carries a full-precision model, so a quantised one is decoded. Decoded weights still lie on the old 4-bit grid,
which would flatter every quantiser with a grid of the same shape. Three rescalings that leave the function of a
Llama-architecture graph unchanged (up to F16 rounding) take them off it:

  1. an RMS norm's gain is multiplied into the columns of the matrices that read the norm, and becomes 1;
  2. row j of ffn_up is multiplied by a positive s_j, column j of ffn_down divided by it;
  3. row r of attn_v is multiplied by a positive s_r, and divided out of the columns of attn_output that read it, which are
     those of every query head sharing the key-value head.

The token embedding keeps its decoded values. Other architectures are refused, since the rescalings would not be exact.
"""
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, dequantize

SKIPPED_KEYS = {"general.architecture", "general.file_type", "general.quantization_version"}


def metadata_value(field):
    """A field's value, and its element type where it is an array."""
    kind = field.types[0]
    text = lambda part: bytes(part).decode("utf-8", "surrogateescape")
    if kind == GGUFValueType.ARRAY:
        element = field.types[1]
        take = text if element == GGUFValueType.STRING else lambda part: part[0].item()
        return [take(field.parts[index]) for index in field.data], element
    last = field.parts[field.data[0]]
    return (text(last) if kind == GGUFValueType.STRING else last[0].item()), None


def root_mean_square(matrix, axis):
    return np.sqrt(np.mean(matrix.astype(np.float64) ** 2, axis=axis))


def equalising_factor(producer, consumer):
    """s with producer · s = consumer / s; 1 where either is zero."""
    factor = np.ones_like(producer)
    live = (producer > 0) & (consumer > 0)
    factor[live] = np.sqrt(consumer[live] / producer[live])
    return factor


def fold_norms(block):
    for norm, readers in (("attn_norm", ("attn_q", "attn_k", "attn_v")), ("ffn_norm", ("ffn_gate", "ffn_up"))):
        for reader in readers:
            block[reader] *= block[norm]
        block[norm][:] = 1


def rescale_feed_forward(block):
    factor = equalising_factor(root_mean_square(block["ffn_up"], 1), root_mean_square(block["ffn_down"], 0))
    block["ffn_up"] *= factor[:, None]
    block["ffn_down"] /= factor


def rescale_values(block, heads, kv_heads):
    value_rows = block["attn_v"].shape[0]
    head_size = value_rows // kv_heads
    # Column c of attn_output belongs to query head c // head_size, which reads key-value head that // (heads / kv_heads).
    columns = np.arange(heads * head_size)
    source_row = columns // head_size // (heads // kv_heads) * head_size + columns % head_size
    energy = np.mean(block["attn_output"].astype(np.float64) ** 2, axis=0)
    readers = np.sqrt(np.bincount(source_row, weights=energy, minlength=value_rows) / (heads // kv_heads))
    factor = equalising_factor(root_mean_square(block["attn_v"], 1), readers)
    block["attn_v"] *= factor[:, None]
    block["attn_output"] /= factor[source_row]


def main(source, target):
    reader = GGUFReader(source)
    setting = lambda key: metadata_value(reader.fields[key])[0]
    architecture = setting("general.architecture")
    if architecture != "llama":
        sys.exit(f"{source}: architecture {architecture!r}; only 'llama' can be rescaled exactly")
    heads, kv_heads = setting("llama.attention.head_count"), setting("llama.attention.head_count_kv")
    weights = {tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(np.float32) for tensor in reader.tensors}
    for layer in range(setting("llama.block_count")):
        prefix = f"blk.{layer}."
        block = {n[len(prefix):-len(".weight")]: w for n, w in weights.items() if n.startswith(prefix)}
        fold_norms(block)
        rescale_feed_forward(block)
        rescale_values(block, heads, kv_heads)

    writer = GGUFWriter(target, architecture)
    for key, field in reader.fields.items():
        if key in SKIPPED_KEYS or key.startswith("GGUF."):
            continue
        value, element = metadata_value(field)
        writer.add_key_value(key, value, field.types[0], sub_type=element)
    writer.add_file_type(int(GGMLQuantizationType.F16))
    for tensor in reader.tensors:
        data = weights[tensor.name]
        writer.add_tensor(tensor.name, data if data.ndim == 1 else data.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
