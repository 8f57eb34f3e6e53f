"""Makes small random models of every family that `scale` reads, as transformers saves them.

  make_random_models.py FOLDER [NAME…]

Needs torch, transformers, tokenizers and sentencepiece (scripts/install_vllm.sh). Weights are large enough that the
next token is not uniform and that a row in the wrong place shows. Prints one line a model: NAME PRE, PRE being the name
of the pre-tokenizer ("-" for SentencePiece).
"""

import io
import json
import pathlib
import shutil
import sys

import sentencepiece
import tokenizers
import torch
import transformers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEXT = pathlib.Path(__file__).resolve().parents[2]
ROWS = 512


def corpus():
    for name in ("README.md", "DEVELOPERS.md", "docs/design.md", "docs/glossary.md"):
        yield from (TEXT / name).read_text().splitlines()
    yield from ["naïve café, 1234567 Größe; 你好世界 こんにちは", "if (x != y) { return 'it''s'; }", "\tdef f(a, b):\n        pass"] * 5


def byte_level(pre):
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre in ("gpt-2", "smollm"))
    if pre == "gpt-2":
        return byte
    first = (pre_tokenizers.Digits(individual_digits=True) if pre == "smollm" else
             pre_tokenizers.Split(Regex(QWEN2 if pre == "qwen2" else LLAMA3), behavior="isolated"))
    return pre_tokenizers.Sequence([first, byte])


def save_bpe(folder, pre):
    model = models.BPE(ignore_merges=pre == "llama-bpe")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = byte_level(pre)
    tokenizer.decoder = decoders.ByteLevel()
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    trainer = trainers.BpeTrainer(vocab_size=ROWS - 12, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  special_tokens=["<|begin|>", "<|end|>", "<|endoftext|>"], show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens(["plainword"])
    byte = processors.ByteLevel(trim_offsets=False)
    tokenizer.post_processor = byte if pre != "llama-bpe" else processors.Sequence([byte, processors.TemplateProcessing(
        single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B", special_tokens=[("<|begin|>", 0)])])
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>",
                                                   pad_token="<|end|>", chat_template="{{ messages[0]['content'] }}")
    wrapped.save_pretrained(folder)


def save_sentencepiece(folder, gemma):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=corpus(), model_writer=out, model_type="bpe", vocab_size=ROWS - 12, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=not gemma,
        split_digits=True, character_coverage=0.98, minloglevel=2, user_defined_symbols=["<start_of_turn>"])
    (folder / "tokenizer.model").write_bytes(out.getvalue())
    decoder = {"1": {"content": "<s>", "special": True}, "2": {"content": "</s>", "special": True},
               str(ROWS - 12): {"content": "<|endoftext|>", "special": True}, str(ROWS - 11): {"content": "extra▁word", "special": False}}
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
         "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": decoder,
         "chat_template": "{{ bos_token }}{{ messages[0]['content'] }}"}))


SIZES = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96,
             max_position_embeddings=2048, vocab_size=ROWS, bos_token_id=1, eos_token_id=2, pad_token_id=None,
             rms_norm_eps=1e-5)
LLAMA3_ROPE = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)
LONG = dict(rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=64,
            long_factor=[1.0 + 0.3 * i for i in range(8)], short_factor=[1.0 + 0.05 * i for i in range(8)])


def gemma(**more):
    return SIZES | dict(head_dim=32, query_pre_attn_scalar=32, sliding_window=32, hidden_activation="gelu_pytorch_tanh") | more


# name: class, configuration, dtype, tokenizer
MODELS = {
    "llama": ("Llama", SIZES | dict(rope_parameters=LLAMA3_ROPE, tie_word_embeddings=False), "bfloat16", "llama-bpe"),
    "llama-bias": ("Llama", SIZES | dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, head_dim=32),
                   "float32", "smollm"),
    "mistral": ("Mistral", SIZES | dict(sliding_window=None, head_dim=32), "float16", "smaug-bpe"),
    "mixtral": ("Mixtral", SIZES | dict(num_local_experts=4, num_experts_per_tok=2, sliding_window=None), "float16", "-"),
    "qwen2": ("Qwen2", SIZES | dict(tie_word_embeddings=True), "bfloat16", "qwen2"),
    "qwen2-yarn": ("Qwen2", SIZES | dict(rope_parameters=YARN), "float16", "gpt-2"),
    "qwen2moe": ("Qwen2Moe", SIZES | dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=48,
                                          shared_expert_intermediate_size=80, norm_topk_prob=False), "float16", "qwen2"),
    "qwen3": ("Qwen3", SIZES | dict(head_dim=32, tie_word_embeddings=True), "bfloat16", "qwen2"),
    "qwen3moe": ("Qwen3Moe", SIZES | dict(head_dim=32, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=48,
                                          norm_topk_prob=True), "float16", "qwen2"),
    "gemma2": ("Gemma2", gemma(attn_logit_softcapping=50.0, final_logit_softcapping=30.0), "bfloat16", "gemma"),
    "gemma3": ("Gemma3", gemma(num_hidden_layers=7), "bfloat16", "gemma"),
    "phi3": ("Phi3", SIZES | dict(original_max_position_embeddings=2048, sliding_window=None), "float16", "-"),
    "phi3-long": ("Phi3", SIZES | dict(original_max_position_embeddings=64, rope_parameters=LONG, sliding_window=None), "float32", "-"),
}


def randomise(model, generator):
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            mean = 0.0 if name.endswith("bias") or "gemma" in type(model).__name__.lower() else 1.0
            values = mean + 0.2 * torch.randn(weight.shape, generator=generator)
        else:
            values = torch.randn(weight.shape, generator=generator) * (1.5 / weight.shape[-1] ** 0.5)
        weight.data = values.to(weight.dtype)


def main(target, names):
    for number, (name, (family, settings, dtype, tokenizer)) in enumerate(MODELS.items()):
        if names and name not in names:
            continue
        folder = pathlib.Path(target) / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config_class = getattr(transformers, f"{family}TextConfig" if family == "Gemma3" else f"{family}Config")
        config = config_class(**settings)
        model = getattr(transformers, f"{family}ForCausalLM")(config)
        randomise(model, torch.Generator().manual_seed(number))
        model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size="200KB" if number % 2 else "5GB")
        if tokenizer in ("-", "gemma"):
            save_sentencepiece(folder, tokenizer == "gemma")
        else:
            save_bpe(folder, tokenizer)
        print(name, "-" if tokenizer in ("-", "gemma") else tokenizer, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
