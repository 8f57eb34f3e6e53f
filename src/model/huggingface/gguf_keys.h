// The metadata of a converted model: what the engine reads of architecture and tokenizer.
// Source: llama.cpp's conversion/*.py and gguf-py/gguf/constants.py at the pinned version.
#pragma once

#include "model/gguf_writer.h"
#include "model/huggingface/model_folder.h"

namespace scale::model {

void put_architecture(GgufHeader& header, const ModelFolder& folder);
void put_vocabulary(GgufHeader& header, const Vocabulary& vocabulary);

// general.file_type: by the type that holds most of the matrices' weights.
std::uint64_t file_type(const ModelFolder& folder);

}  // namespace scale::model
