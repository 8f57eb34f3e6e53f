// The worker job "calibration.tokenize": requests of the traffic become token sequences, by the model's own chat
// template and tokenizer. Only the vocabulary is read.
//
// A chat with a recorded answer ends with that answer as the assistant's turn; one without ends where the model would
// begin to answer. A completion is its prompt and its answer. Special tokens spelled in the text become single tokens,
// as a server does with templated text.
//
// Request: {"model": path, "max_tokens": n, "requests": [{"id", "stratum", "messages": [{"role", "content"}], "prompt",
// "answer"}]}. Result: {"sequences": [{"position", "id", "stratum", "text", "tokens", "cut"}], "refused": [{"position",
// "reason"}], "has_template": bool}; every request is in one of the two lists.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::calibration {

core::Json tokenize_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::calibration
