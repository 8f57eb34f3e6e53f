"""What the engine's llama-server predicts, in the form of checkpoint_logprobs.py.

  server_logprobs.py URL PROMPTS.json OUT.json

The server returns probabilities of the next token only, so every position is asked for by itself.
"""

import json
import sys
import urllib.request


def ask(url, tokens, count, probabilities):
    body = {"prompt": tokens, "n_predict": count, "temperature": 0, "n_probs": probabilities, "cache_prompt": True}
    request = urllib.request.Request(url + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["completion_probabilities"]


if __name__ == "__main__":
    url, prompts, out = sys.argv[1:]
    prompts = json.load(open(prompts))
    whole_vocabulary = 4096
    logprobs = []
    for prompt in prompts:
        row = []
        for i in range(1, len(prompt)):
            top = ask(url, prompt[:i], 1, whole_vocabulary)[0]["top_logprobs"]
            row.append(next(token["logprob"] for token in top if token["id"] == prompt[i]))
        logprobs.append(row)
    generated = [token["id"] for token in ask(url, prompts[0], 8, 1)]
    json.dump({"logprobs": logprobs, "generated": generated}, open(out, "w"))
