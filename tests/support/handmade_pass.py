"""Writes a whole pass by hand: record, objects, artefact. An independent writer of the format in src/record/entry.h.

  handmade_pass.py FOLDER [--until KIND] [--hostile] [--loosened] [--overlap] [--wrong-verdict] [--wide-margin] [--by-bound] [--skip-decision]

--until ends with the first entry of that kind; --hostile puts script tags, quotes and control characters in every text
that comes from outside; the others each break one rule of the framework while the chain stays whole.
"""

import argparse
import hashlib
import json
import math
import pathlib


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Record:
    def __init__(self, folder, until):
        self.folder = pathlib.Path(folder)
        self.lines = []
        self.newest = {}
        self.prev = "0" * 64
        self.until = until
        self.ended = False
        (self.folder / ".scale").mkdir(parents=True, exist_ok=True)

    def put(self, data):
        name = sha256(data)
        path = self.folder / ".scale" / "objects" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return name

    def append(self, stage, kind, parents, payload):
        if self.ended:
            return ""
        seq = len(self.lines) + 1
        entry = {"seq": seq, "time": f"2026-11-24T12:{seq:02d}:00.000Z", "stage": stage, "kind": kind, "schema": 1,
                 "parents": [self.newest[parent] for parent in parents if parent in self.newest], "payload": payload,
                 "tool": "scale 0.1.0 (handmade)", "prev": self.prev}
        entry["hash"] = sha256(canonical(entry))
        self.prev = self.newest[kind] = entry["hash"]
        self.lines.append(canonical(entry) + b"\n")
        self.ended = kind == self.until
        return entry["hash"]

    def close(self):
        (self.folder / ".scale" / "record.jsonl").write_bytes(b"".join(self.lines))


def measured(median, spread=0.03):
    return {"median": median, "low": median * (1 - spread), "high": median * (1 + spread), "rounds": 3}


def speed(factor):
    return {"prefill": measured(410.0 * factor), "decode": measured(38.0 * factor), "batch_decode": measured(95.5 * factor),
            "concurrency": 4, "threads": 2, "seconds_per_request": 1.294 / factor, "requests_per_minute": 46.4 * factor}


def candidates():
    rows = [  # name, nominal, true bits, KL, speed factor or None, rule, reason
        ("F16", 16, 16.0, 0.0, 1.0, "original", "the original; nothing is relieved"),
        ("Q8_0", 8, 8.51, 0.0011, 1.62, "throughput-int8", "fastest trialled type that keeps 8 bits; the machine has avx512_vnni"),
        ("Q6_K", 6, 7.9, 0.004, 1.21, "slower", "slower than Q8_0 and further from the original"),
        ("Q5_K_M", 5, 6.4, 0.011, 1.05, "slower", "slower than Q8_0"),
        ("Q4_K_M", 4, 5.7, 0.028, 1.31, "quality", "faster kernels exist at less loss"),
        ("Q4_0", 4, 4.6, 0.061, 1.48, "quality", "estimated loss over the margin of the budget"),
        ("IQ4_NL", 4, 4.5, 0.049, 1.12, "slower", "slower than Q8_0"),
        ("Q3_K_M", 3, 4.3, 0.19, None, "below-4-bits", "below 4 bits without a QAT plan"),
        ("GPTQ-4", 4, 0, 0.03, None, "target", "belongs to a GPU deployment (vllm)"),
    ]
    made = []
    for name, nominal, true, kl, factor, rule, reason in rows:
        made.append({"name": name, "target": "vllm" if name.startswith("GPTQ") else "llama.cpp", "nominal_bits": nominal,
                     "bits_per_weight": true, "bytes": int(134.5e6 * true / 8), "fallback_tensors": 120 if 0 < true < 8 else 0,
                     "memory": {"weights": int(134.5e6 * true / 8), "kv_cache": 188743680, "compute": 99614720},
                     "kl_estimate": kl, "kl_low": kl / 1.6, "kl_high": kl * 1.6,
                     "kl_source": "estimated (published figures at the true bits per weight)",
                     "trialled": factor is not None, "speed": speed(factor) if factor else {},
                     "speedup": measured(factor, 0.05) if factor else {},
                     "speed_source": "measured (this machine, 3 interleaved rounds)" if factor else "documented (vendor)",
                     "eligible": name == "Q8_0", "chosen": name == "Q8_0", "rule": rule, "reason": reason})
    return made


def samples(record, first, count):
    lines = [canonical({"id": first + i, "text": f"How do I repair item {first + i}?", "format": "chat"}) for i in range(count)]
    return record.put(b"\n".join(lines) + b"\n")


def strata():
    made = []
    for f, form in enumerate(["chat", "completion", "json"]):
        for t, topic in enumerate(["billing", "code", "small talk"]):
            for n, length in enumerate(["0–64", "65–256", "257–1024"]):
                traffic = [310, 120, 44][f] // (1 + t) // (1 + n)
                made.append({"format": form, "topic": topic, "length": length, "traffic": traffic,
                             "samples": 0 if traffic < 6 else max(2, int(math.sqrt(traffic) * 1.7)), "holdout": traffic // 4})
    return made


def tensors():
    made = []
    for layer in range(30):
        for i, part in enumerate(["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]):
            made.append({"name": f"blk.{layer}.{part}.weight", "type": "Q6_K" if part == "ffn_up" and layer % 3 else "Q8_0", "bytes": 352512 * (3 if "ffn" in part else 1),
                         "relative_error": 0.0045 + 0.0004 * i + 0.00009 * abs(15 - layer), "cosine": 0.99998})
    made.append({"name": "token_embd.weight", "type": "Q8_0", "bytes": 30081024, "relative_error": 0.0051, "cosine": 0.99998})
    return made


def check(name, category, endpoint, n, original, candidate, upper, margin, result, **more):
    base = {"name": name, "category": category, "endpoint": endpoint, "n": n, "clusters": n // (20 if n > 1000 else 1),
            "original": original, "candidate": candidate, "difference": original - candidate, "upper": upper, "margin": margin,
            "base_only": 0, "candidate_only": 0, "chance": 0, "result": result, "items_needed": 0, "note": "",
            "method": "Tango score, one-sided 95 %" if endpoint == "accuracy" else "cluster bootstrap, one-sided 95 %"}
    return {**base, **more}


def slices():
    made = []
    for i, (stratum, texts) in enumerate((("chat / Latin / billing / 65–256", 410), ("chat / Latin / code / 65–256", 260),
                                          ("completion / Latin / small talk / 0–64", 190), ("json / Latin / billing / 257–1024", 12))):
        made.append(check(f"kl_mean of {stratum}", "distribution", "kl_mean_slice", texts, 0, 0.0012 + 0.0011 * i, 0.0017 + 0.002 * i, 0.04,
                          "PASS" if texts > 100 else "NO POWER", difference=0.0012 + 0.0011 * i))
    return made


def worst(out):
    """Regressions of the three kinds that src/quality/regressions.cpp keeps."""
    return {
        "answers": [{"id": "reasoning-17", "task": "reasoning/steps", "problem": "the number is not 42",
                     "prompt": out("Tom has 6 boxes of 7 pens. How many pens are that?"),
                     "original": out("Each box has 7 pens, and there are 6 boxes, so Tom has 6 × 7 = 42 pens."),
                     "candidate": out("Each box has 7 pens, and there are 6 boxes, so Tom has 6 + 7 = 13 pens in all.")},
                    {"id": "json-3", "task": "json/answer", "problem": "not valid JSON", "prompt": out("Give the city as JSON."),
                     "original": out('{"city": "Lyon", "country": "France"}'), "candidate": out('{"city": "Lyon", "country": France}')}],
        "items": [{"id": f"consistency-{i}", "task": "consistency/paraphrase", "right": out(" yes"), "chosen": out(" no"),
                   "original_margin": 0.31 - i / 20, "candidate_margin": -0.12 + i / 40} for i in range(3)],
        "tokens": [{"sequence": out(f"text {i}"), "before": out(f"The capital of France, number {i}, is"), "token": out(" Paris"),
                    "original_probability": 0.91 - i / 50, "candidate_probability": 0.55 - i / 40, "kl": 0.41 - i / 30} for i in range(4)],
    }


def evidence(out, thumbs, events):
    """As src/rollout/evidence/monitor.cpp writes it, of what the report reads."""
    candidate, original = events
    return {"sentence": out("harm on thumbs_down" if thumbs > 4.8 else "no harm found"), "verdict": "harm" if thumbs > 4.8 else "undecided",
            "guardrails": {out(name): {"candidate_units": mine, "original_units": theirs,
                                       "harm": {"log_e": log_e, "log_threshold": math.log(120), "p_value": math.exp(-max(log_e, 0)), "reached": log_e > 4.8}}
                           for name, mine, theirs, log_e in (("thumbs_down", candidate, original, thumbs), ("escalation", candidate // 6, original // 2, thumbs / 9 - 0.7),
                                                             ("server_error", 0, 1, 0.0))}}


def checks(options):
    return slices() + [
        check("kl_mean", "distribution", "kl_mean", 8192, 0, 0.0012, 0.0014, 0.02, "PASS", difference=0.0012),
        check("top1_agreement", "distribution", "top1_agreement", 8192, 1, 0.984, 0.0183, 0.05, "PASS", difference=0.016),
        check("perplexity_ratio", "distribution", "perplexity_ratio", 8192, 18.42, 18.45, 0.0031, 0.02, "PASS", difference=0.0016),
        check("reasoning", "reasoning", "accuracy", 300, 0.41, 0.413, 0.009 if not options.wrong_verdict else 0.017, 0.01 if not options.wide_margin else 0.03, "PASS",
              difference=-0.003, base_only=3, candidate_only=4, chance=0.25),
        check("instructions", "instructions", "accuracy", 300, 0.72, 0.717, 0.008, 0.01, "PASS", difference=0.003, base_only=2,
              candidate_only=1, chance=0.5),
        check("long_context", "long_context", "accuracy", 300, 0.26, 0.26, 0.011, 0.01, "NO POWER", chance=0.25,
              note="the original is at chance"),
        check("long_context_gold", "long_context", "gold_loss", 300, 1.41, 1.412, 0.008, 0.02, "PASS", difference=0.002),
        check("overall", "overall", "accuracy", 900, 0.463, 0.463, 0.007, 0.01, "PASS", base_only=5, candidate_only=5),
    ]


HOSTILE = "<script>alert('x')</script><img src=x onerror=\"alert(1)\"> & \x1b[31m \u202egpj.exe \x00 ]]> --> \"'"


def write(options):
    record = Record(options.folder, options.until)
    out = (lambda text: HOSTILE + text) if options.hostile else (lambda text: text)
    artefact = b"GGUF" + bytes(range(256)) * 64
    original = b"GGUF" + bytes(reversed(range(256))) * 128
    record.append("constraint", "constraint", [], {
        "kind": "throughput", "sentence": out("We are throughput-bound: the original answers 46 requests a minute (measured, "
                                              "256 + 64 tokens, 4 at a time) and 60 are required."),
        "target": {"kind": "throughput", "requests_per_minute": 60}, "because": "",
        "workload": {"prompt_tokens": 256, "completion_tokens": 64, "concurrency": 4, "context": 2048},
        "memory": {"weights": 269000000, "kv_cache": 188743680, "compute": 99614720}, "speed": speed(1.0),
        "price_per_million_tokens": 0.41, "stakes": "normal", "stakes_reason": "", "hardware": out("Intel Xeon, 2 cores, avx512_vnni"),
        "model_path": "original.gguf", "model_bytes": len(original),
        "fingerprint": {"model_sha256": sha256(original), "tokenizer_sha256": "1" * 64, "template_sha256": "2" * 64,
                        "hardware_sha256": "3" * 64, "engine": "llama.cpp 0.3.36", "traffic_sha256": "4" * 64}})
    if not options.skip_decision:
        record.append("choice", "decision", ["constraint"], {
            "type": "Q8_0", "format": "GGUF", "rule": "throughput-int8", "because": "", "qat_plan_sha256": "",
            "reason": "throughput-bound and this machine has strong integer kernels", "original_speed": speed(1.0),
            "candidates": candidates()})
    record.append("calibration", "calibration_set", ["decision"], {
        "set_sha256": samples(record, 0, 256), "holdout_sha256": samples(record, 255 if options.overlap else 1000, 90),
        "samples": 256, "tokens": 41230, "holdout_samples": 90, "holdout_tokens": 15010,
        "created_at": "2026-11-24T12:03:00.000Z", "expires_at": "2099-02-22T12:03:00.000Z", "log_sha256": "4" * 64, "log_lines": 1207,
        "log_requests": 1190, "log_duplicates": 31, "log_broken": 17, "coverage": 0.981, "total_variation": 0.142,
        "broken_examples": [out("line 17: not valid JSON"), out("line 90: no messages and no prompt")], "strata": strata(), "seed": 1})
    (record.folder / "model-Q8_0.gguf").write_bytes(artefact)
    record.append("calibration", "artefact", ["calibration_set", "decision"], {
        "sha256": sha256(artefact), "path": "model-Q8_0.gguf", "bytes": len(artefact), "type": "Q8_0", "bits_per_weight": 8.51,
        "original_sha256": sha256(original), "statistics_sha256": record.put(b"statistics"), "statistics_tokens": 41230,
        "method": "llama.cpp stock rounding with activation statistics", "tensors": tensors(), "prompt": out("Hello"),
        "generated": out("Hello! How can I help?"), "original_generated": out("Hello! How can I help you?")})
    budget = {"alpha": 0.05, "points": 1.0, "suites": {"reasoning": 1.0, "instructions": 1.0}, "likelihood_nats": 0.02, "kl_mean": 0.02,
              "top1_agreement": 0.95, "perplexity_ratio": 1.02, "items": 300, "kl_tokens": 8192, "context": 1024, "seed": 1}
    served = {}
    if options.by_bound:
        budget["scoring"] = {"distribution": "servers"}
        served = {"original": out("http://a/v1, model m"), "candidate": out("http://b/v1, model m"), "top_tokens": 20, "whole": False,
                  "texts": 9, "tokens": 1024, "original_off": 0.0016, "candidate_off": 0.0278, "between": 0.0118, "limit": 0.05}
    declared = record.append("quality", "budget", ["constraint"], budget)
    started = {"artefact_sha256": sha256(artefact), "items_sha256": record.put(b"items"), "baseline_sha256": record.put(b"baseline")}
    gate = record.append("quality", "gate_started", ["artefact", "budget"], {**started, "budget": declared})
    if options.loosened:
        declared = record.append("quality", "budget", ["constraint"], {**budget, "kl_mean": 0.2})
        gate = record.append("quality", "gate_started", ["artefact", "budget"], {**started, "budget": declared})
    record.append("quality", "verdict", ["artefact", "budget", "gate_started"], {
        "verdict": "PASS", "sentence": "PASS: every margin holds.", "artefact_sha256": sha256(artefact), "gate_started": gate,
        "measurements_sha256": record.put(b"measurements"), "compressed": False, "seconds": 212.4, "checks": checks(options),
        "worst": worst(out), "served": served})
    record.append("rollout", "archived", ["verdict"], {"original_sha256": record.put(original), "bytes": len(original)})
    record.append("rollout", "rollout_started", ["verdict", "archived"], {"flag": "candidate", "share_ppm": 50000, "epoch": 1})
    record.append("rollout", "rollout_step", ["rollout_started"], {"share_ppm": 100000, "epoch": 2, "reason": "safe at 5 %",
                                                                   "evidence": evidence(out, 0.9, (7, 4))})
    record.append("rollout", "rollout_step", ["rollout_started"], {"share_ppm": 250000, "epoch": 3, "reason": "safe at 10 %",
                                                                   "evidence": evidence(out, 2.2, (16, 6))})
    record.append("rollout", "rolled_back", ["rollout_started"], {
        "reason": out("thumbs_down: e-value 41 over 20"), "epoch": 4, "weight_ppm": 0, "by": "gateway", "harm": True,
        "evidence": evidence(out, 5.1, (31, 9))})
    record.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--until")
    for flag in ("hostile", "loosened", "overlap", "wrong-verdict", "wide-margin", "by-bound", "skip-decision"):
        parser.add_argument("--" + flag, action="store_true")
    write(parser.parse_args())
