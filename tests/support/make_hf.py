"""Makes a Hugging Face folder from a GGUF file of a Llama with a SentencePiece tokenizer; without packages.

  make_hf.py GGUF FOLDER [SHARDS]

The reverse of what `scale` does with such a folder: names, the rows of q and k in the order of transformers, the
tokenizer as tokenizer.model. Weights keep their type; SHARDS above 1 writes that many files with an index.
"""

import json
import pathlib
import struct
import sys

from gguf_edit import Gguf

NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
LAYER_NAMES = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
               "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
               "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
TYPES = {0: ("F32", 4), 1: ("F16", 2), 30: ("BF16", 2)}
FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def metadata(path):
    data, at = open(path, "rb").read(), 8

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return values

    def value(kind):
        nonlocal at
        if kind == 8:
            (length,) = take("<Q")
            at += length
            return data[at - length:at]
        if kind == 9:
            inner, count = take("<IQ")
            return [value(inner) for _ in range(count)]
        return take("<" + FORMATS[kind])[0]

    _, pairs = take("<QQ")
    found = {}
    for _ in range(pairs):
        key = value(8).decode()
        (kind,) = take("<I")
        found[key] = value(kind)
    return found


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def message(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def tokenizer_model(keys):
    out = b""
    for token, score, kind in zip(keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.scores"],
                                  keys["tokenizer.ggml.token_type"]):
        out += message(1, message(1, token) + b"\x15" + struct.pack("<f", score) + b"\x18" + varint(kind))
    return out + message(2, b"\x18\x02")  # a trainer_spec that says BPE


def unpaired(data, rows, head_size):
    width, half, out = len(data) // rows, head_size // 2, []
    for row in range(rows):
        head, within = row - row % head_size, row % head_size
        source = head + 2 * (within % half) + within // half
        out.append(data[source * width:(source + 1) * width])
    return b"".join(out)


def tensors(path, keys):
    file = Gguf(path)
    head_size = keys["llama.embedding_length"] // keys["llama.attention.head_count"]
    for name, (kind, shape, offset) in file.tensors.items():
        parts = name.split(".")
        hf = NAMES.get(parts[0]) or f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}"
        count = 1
        for length in shape:
            count *= length
        dtype, width = TYPES[kind]
        data = bytes(file.bytes[file.data + offset:file.data + offset + count * width])
        if len(parts) > 2 and parts[2] in ("attn_q", "attn_k"):
            data = unpaired(data, shape[1], head_size)
        yield f"{hf}.{parts[-1]}", dtype, list(reversed(shape)), data


def safetensors(path, held):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, shape, body in held:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(source, folder, shards=1):
    keys, folder = metadata(source), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held = list(tensors(source, keys))
    if shards == 1:
        safetensors(folder / "model.safetensors", held)
    else:
        where = {}
        for shard in range(shards):
            name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            safetensors(folder / name, held[shard::shards])
            where |= {tensor[0]: name for tensor in held[shard::shards]}
        total = sum(len(tensor[3]) for tensor in held)
        (folder / "model.safetensors.index.json").write_text(
            json.dumps({"metadata": {"total_size": total}, "weight_map": where}))
    (folder / "tokenizer.model").write_bytes(tokenizer_model(keys))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False,
        "hidden_size": keys["llama.embedding_length"], "intermediate_size": keys["llama.feed_forward_length"],
        "num_hidden_layers": keys["llama.block_count"], "num_attention_heads": keys["llama.attention.head_count"],
        "num_key_value_heads": keys["llama.attention.head_count_kv"],
        "max_position_embeddings": keys["llama.context_length"], "vocab_size": len(keys["tokenizer.ggml.tokens"]),
        "rms_norm_eps": round(keys["llama.attention.layer_norm_rms_epsilon"], 9),
        "rope_theta": keys["llama.rope.freq_base"], "tie_word_embeddings": "lm_head.weight" not in [t[0] for t in held],
        "bos_token_id": keys["tokenizer.ggml.bos_token_id"], "eos_token_id": keys["tokenizer.ggml.eos_token_id"],
        "torch_dtype": "float16"}, indent=1))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "LlamaTokenizer", "add_bos_token": keys["tokenizer.ggml.add_bos_token"],
        "add_eos_token": keys["tokenizer.ggml.add_eos_token"],
        "chat_template": keys["tokenizer.chat_template"].decode()}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
