#!/usr/bin/env python3
"""A checkpoint by another quantiser, with its own defaults: peer_checkpoint.py PEER FOLDER SET OUT

PEER is llmcompressor-rtn, -gptq, -awq (4 bits, symmetric, groups of 128) or -w8a8 (SmoothQuant and GPTQ), gptqmodel, or
autoround (200 steps) or autoround-rtn. FOLDER is the original, SET a token set of a pass (JSON lines): every peer gets the very
tokens that `scale quantize` got. Run it by the Python of an environment that has the peer.
"""

import json
import os
import sys


def sequences(path):
    return [json.loads(line)["tokens"] for line in open(path)]


def idle_tokenizer():
    """One is demanded; with tokens as data it has nothing to do."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0}, unk_token="a")), unk_token="a", pad_token="a",
                                   eos_token="a")


def llmcompressor(kind, folder, tokens, out):
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQModifier
    from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype="auto")
    if kind == "rtn":
        recipe = [QuantizationModifier(targets="Linear", scheme="W4A16", ignore=["lm_head"])]
    elif kind == "gptq":
        recipe = [GPTQModifier(targets="Linear", scheme="W4A16", ignore=["lm_head"])]
    elif kind == "awq":
        recipe = [AWQModifier(), QuantizationModifier(targets="Linear", scheme="W4A16", ignore=["lm_head"])]
    else:
        recipe = [SmoothQuantModifier(smoothing_strength=0.8), GPTQModifier(targets="Linear", scheme="W8A8", ignore=["lm_head"])]
    data = Dataset.from_dict({"input_ids": tokens, "attention_mask": [[1] * len(t) for t in tokens]})
    settings = {} if kind == "rtn" else {"dataset": data, "num_calibration_samples": len(tokens),
                                         "max_seq_length": max(map(len, tokens))}
    oneshot(model=model, processor=idle_tokenizer(), recipe=recipe, **settings)
    model.save_pretrained(out, save_compressed=True)


def gptqmodel(folder, tokens, out):
    os.environ.setdefault("GPTQMODEL_CPU_WORKERS", "2")  # on two cores it takes one and then refuses to start
    from gptqmodel import GPTQModel, QuantizeConfig
    model = GPTQModel.load(folder, QuantizeConfig(bits=4, group_size=128))
    model.quantize([{"input_ids": t, "attention_mask": [1] * len(t)} for t in tokens], batch_size=1)
    model.save(out)


def autoround(folder, tokens, out, iterations):
    import torch
    from auto_round import AutoRound
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype="auto")
    length = 128
    joined = [token for sequence in tokens for token in sequence]
    rows = [torch.tensor([joined[i:i + length]]) for i in range(0, len(joined) - length, length)]
    tuner = AutoRound(model, idle_tokenizer(), bits=4, group_size=128, sym=True, iters=iterations,
                      dataset=[{"input_ids": row, "attention_mask": torch.ones_like(row)} for row in rows], seqlen=length,
                      nsamples=len(rows), device_map="cpu")
    tuner.quantize_and_save(out, format="auto_gptq")


def main():
    peer, folder, tokens, out = sys.argv[1:]
    tokens = sequences(tokens)
    if peer.startswith("llmcompressor-"):
        llmcompressor(peer.split("-")[1], folder, tokens, out)
    elif peer == "gptqmodel":
        gptqmodel(folder, tokens, out)
    elif peer.startswith("autoround"):
        autoround(folder, tokens, out, 0 if peer.endswith("rtn") else 200)
    else:
        sys.exit(__doc__)


main()
