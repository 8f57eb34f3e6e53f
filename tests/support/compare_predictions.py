"""Compares tokens and next-token predictions of GGUF files in llama-server with those of the folders in transformers.

  compare_predictions.py LLAMA_SERVER FOLDERS < lines "NAME PRE GGUF"

Prints a line a model and exits 1 where tokens differ, or where KL(transformers ‖ engine) of the next token is above 0.002
nats. The same divergence between two prompts is printed beside it: what "different" looks like for this model.
"""

import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import sentencepiece
import tokenizers
import torch
import transformers

TEXTS = ["The scale of a model.", "  two spaces,\ttab\n\nand 1234567 digits; don't WON'T x!=y",
         "naïve café Größe 你好世界 🚀 emoji", "def f(a):\n    return a  # done"]
LENGTHS = (3, 40, 120)


class Server:
    def __init__(self, program, model):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([program, "-m", model, "--host", "127.0.0.1", "--port", str(self.port), "-c", "256",
                                         "-np", "1", "-t", "1", "--no-warmup"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                self.ask("health")
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"llama-server does not load {model}")
                time.sleep(0.1)
        raise SystemExit("llama-server does not answer")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", data, timeout=60) as answer:
            return json.load(answer)

    def tokens(self, text):
        return self.ask("tokenize", {"content": text, "add_special": True, "parse_special": False})["tokens"]

    def log_probabilities(self, tokens, rows):
        # The probabilities are those before the bias; it makes the token one that is text by itself, as the server keeps
        # back the probabilities of others.
        answer = self.ask("completion", {"prompt": tokens, "n_predict": 1, "n_probs": rows, "temperature": 0,
                                         "cache_prompt": False, "logit_bias": [[self.tokens("x")[-1], 1000]]})
        found = torch.full((rows,), -50.0)
        for entry in answer["completion_probabilities"][0]["top_logprobs"]:
            found[entry["id"]] = entry["logprob"]
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()


def tokens_of(folder):
    if (folder / "tokenizer.model").exists():
        pieces = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
        return lambda text: [1] + pieces.encode(text)
    # The file itself: transformers replaces its pre-tokenizer by the one that it knows of the model's class.
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return lambda text: tokenizer.encode(text).ids


def divergence(p, q):
    return float((p.exp() * (p - q)).sum())


def compare(program, folder, gguf):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows = model.config.vocab_size
    encode, server, faults, worst = tokens_of(folder), Server(program, gguf), [], 0.0
    try:
        for text in TEXTS:
            wanted, found = encode(text), server.tokens(text)
            if wanted != found:
                faults.append(f"{text!r}: {wanted} in transformers, {found} in the engine")
        draw, predictions = torch.Generator().manual_seed(1), []
        # Stretched positions: the engine decides by its context, transformers by the length of the text.
        lengths = LENGTHS[2:] if "long" in folder.name else LENGTHS
        for length in lengths:
            prompt = [1] + torch.randint(10, rows - 20, (length - 1,), generator=draw).tolist()
            with torch.no_grad():
                wanted = model(torch.tensor([prompt])).logits[0, -1].float().log_softmax(-1)
            predictions.append(wanted)
            worst = max(worst, divergence(wanted, server.log_probabilities(prompt, rows)))
        other = [1] + torch.randint(10, rows - 20, (LENGTHS[2] - 1,), generator=draw).tolist()
        with torch.no_grad():
            different = divergence(predictions[-1], model(torch.tensor([other])).logits[0, -1].float().log_softmax(-1))
    finally:
        server.stop()
    if not worst < 0.002:
        faults.append(f"KL {worst:.5f}")
    if different < 0.2:
        faults.append(f"predictions of two prompts are too alike to show anything: {different:.3f}")
    return faults, f"KL {worst:.2e} nats (between prompts {different:.2f})"


def main():
    transformers.logging.set_verbosity_error()
    failed = False
    for line in sys.stdin:
        name, _, gguf = line.split()
        faults, summary = compare(sys.argv[1], pathlib.Path(sys.argv[2]) / name, gguf)
        print(f"{name}: {summary}", *faults, sep="\n  ", flush=True)
        failed = failed or bool(faults)
    return 1 if failed else 0


sys.exit(main())
