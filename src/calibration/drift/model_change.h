// A set is made with one model, tokenizer and chat template. Where any of them changed it stands for nothing.
#pragma once

#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::calibration {

// "the chat template", "the tokenizer, the chat template" or "the model's weights"; "" where nothing changed since
// stage S. The file is hashed only where its size or time of change differ from the record.
std::string changed_since(const record::Pass& pass, const record::Constraint& constraint);

}  // namespace scale::calibration
