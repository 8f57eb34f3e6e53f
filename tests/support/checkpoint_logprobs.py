"""What a real reader of a Hugging Face checkpoint predicts.

  checkpoint_logprobs.py vllm|transformers FOLDER PROMPTS.json OUT.json

PROMPTS is a list of lists of token numbers. OUT gets {"logprobs": [[log probability of token i given those before, for
i ≥ 1], …], "generated": [8 greedy tokens after the first prompt]}.
"""

import json
import os
import sys


def by_vllm(folder, prompts):
    os.environ.update(VLLM_CPU_KVCACHE_SPACE="1", VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_OMP_THREADS_BIND="nobind",
                      HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1", VLLM_LOGGING_LEVEL="WARNING")
    from vllm import LLM, SamplingParams
    model = LLM(model=folder, enforce_eager=True, max_model_len=512, skip_tokenizer_init=True, enable_prefix_caching=False,
                max_num_seqs=8)
    wanted = SamplingParams(max_tokens=8, temperature=0, prompt_logprobs=0, detokenize=False, ignore_eos=True)
    answers = model.generate([{"prompt_token_ids": prompt} for prompt in prompts], wanted)
    logprobs = [[position[token].logprob for position, token in zip(answer.prompt_logprobs[1:], prompt[1:])]
                for answer, prompt in zip(answers, prompts)]
    return logprobs, list(answers[0].outputs[0].token_ids)


def by_transformers(folder, prompts):
    import torch
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).eval()
    logprobs = []
    with torch.no_grad():
        for prompt in prompts:
            rows = model(torch.tensor([prompt])).logits[0].float().log_softmax(-1)
            logprobs.append([rows[i, token].item() for i, token in enumerate(prompt[1:])])
        generated = model.generate(torch.tensor([prompts[0]]), max_new_tokens=8, do_sample=False)
    return logprobs, generated[0, len(prompts[0]):].tolist()


if __name__ == "__main__":
    client, folder, prompts, out = sys.argv[1:]
    prompts = json.load(open(prompts))
    logprobs, generated = {"vllm": by_vllm, "transformers": by_transformers}[client](folder, prompts)
    json.dump({"logprobs": logprobs, "generated": generated}, open(out, "w"))
