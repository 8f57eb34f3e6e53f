#!/usr/bin/env python3
"""Makes the example's original in Hugging Face form, as vLLM loads it, out of its GGUF file.

Usage: make_folder.py IN.gguf OUT_FOLDER        (numpy and gguf must be installed)

For a Llama with a byte-level BPE tokenizer split as SmolLM's; others are refused. Weights keep their type and value. The
rows of the query and key matrices, which GGUF stores in pairs for its rotary embedding, go back to the order of
transformers.
"""
import json
import pathlib
import struct
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType

NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
LAYER_NAMES = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
               "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
               "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
TYPES = {GGMLQuantizationType.F32: "F32", GGMLQuantizationType.F16: "F16"}
CONTROL = 3  # of tokenizer.ggml.token_type


def value_of(field):
    kind = field.types[0]
    text = lambda part: bytes(part).decode("utf-8")
    if kind == GGUFValueType.ARRAY:
        take = text if field.types[1] == GGUFValueType.STRING else lambda part: part[0].item()
        return [take(field.parts[index]) for index in field.data]
    last = field.parts[field.data[0]]
    return text(last) if kind == GGUFValueType.STRING else last[0].item()


def unpaired(rows, heads):
    """Rows of every head from (0, half, 1, half + 1, …) to (0, 1, …)."""
    size = rows.shape[0] // heads
    return rows.reshape(heads, size // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def tensors(reader, setting):
    heads = {"attn_q": setting("llama.attention.head_count"), "attn_k": setting("llama.attention.head_count_kv")}
    for tensor in reader.tensors:
        parts = tensor.name.split(".")
        name = NAMES.get(parts[0]) or f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}"
        data = tensor.data
        if len(parts) > 2 and parts[2] in heads:
            data = unpaired(data, heads[parts[2]])
        # vLLM wants all in one type; the norms' gains are ones and short fractions.
        yield f"{name}.{parts[-1]}", np.ascontiguousarray(data.astype(np.float16))


def write_safetensors(path, held):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, data in held:
        header[name] = {"dtype": "F16", "shape": list(data.shape), "data_offsets": [offset, offset + data.nbytes]}
        offset += data.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, data in held:
            file.write(data.tobytes())


def tokenizer(setting):
    tokens, kinds = setting("tokenizer.ggml.tokens"), setting("tokenizer.ggml.token_type")
    special = [i for i, kind in enumerate(kinds) if kind == CONTROL]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i in special],
        "pre_tokenizer": {"type": "Sequence",
                          "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": setting("tokenizer.ggml.merges")},
    }


def main(source, folder):
    reader, folder = GGUFReader(source), pathlib.Path(folder)
    setting = lambda key: value_of(reader.fields[key])
    if setting("general.architecture") != "llama" or setting("tokenizer.ggml.pre") != "smollm":
        sys.exit(f"{source}: only a Llama with SmolLM's tokenizer can be written")
    if any(tensor.tensor_type not in TYPES for tensor in reader.tensors):
        sys.exit(f"{source}: a tensor is quantised")
    folder.mkdir(parents=True, exist_ok=True)
    tokens = setting("tokenizer.ggml.tokens")
    begin, end = setting("tokenizer.ggml.bos_token_id"), setting("tokenizer.ggml.eos_token_id")
    write_safetensors(folder / "model.safetensors", list(tensors(reader, setting)))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False,
        "mlp_bias": False, "hidden_size": setting("llama.embedding_length"),
        "intermediate_size": setting("llama.feed_forward_length"), "num_hidden_layers": setting("llama.block_count"),
        "num_attention_heads": setting("llama.attention.head_count"),
        "num_key_value_heads": setting("llama.attention.head_count_kv"),
        "max_position_embeddings": setting("llama.context_length"), "vocab_size": len(tokens),
        "rms_norm_eps": round(setting("llama.attention.layer_norm_rms_epsilon"), 9),
        "rope_theta": setting("llama.rope.freq_base"),
        "tie_word_embeddings": "output.weight" not in [tensor.name for tensor in reader.tensors],
        "bos_token_id": begin, "eos_token_id": end, "torch_dtype": "float16"}, indent=1))
    (folder / "generation_config.json").write_text(json.dumps({"bos_token_id": begin, "eos_token_id": end}))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(setting), ensure_ascii=False))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": tokens[begin], "eos_token": tokens[end],
        "add_bos_token": False, "clean_up_tokenization_spaces": False,
        "model_max_length": setting("llama.context_length"),
        "chat_template": setting("tokenizer.chat_template")}, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
