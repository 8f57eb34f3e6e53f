// The worker job "quantize.export": a checkpoint for GPU servers and its twin for the engine (export/export_model.h).
//
// Steps: the folder is compared with the original's GGUF; the twin is written; layers are solved; everything is read
// back from the disk and compared; both models answer one question. The target folder appears whole or not at all.
//
// Request: {"original": path, "source": folder, "set": path of a token set, "tokens": n at most, "format": text,
// "devices": n, "fold": bool, "twin": path, "target": folder, "threads": n, "provenance": {"tool", "source_sha256",
// "original_sha256", "set_sha256"}}. Result: {"group", "parameters", "weight_bytes", "compared", "tensors":
// [TensorCheck], "notes": [text], "method", "tokens": n, "prompt", "generated", "original_generated"}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json export_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
