// A byte-level BPE vocabulary from tokenizer.json.
#pragma once

#include "model/huggingface/tokenizer/tokenizer_files.h"
#include "model/huggingface/tokenizer/vocabulary.h"

namespace scale::model {

// Fills in model, pre, tokens, kinds and merges. Places without a token are filled with unused ones.
void read_bpe_vocabulary(const TokenizerFiles& files, const Architecture& architecture, Vocabulary& vocabulary);

}  // namespace scale::model
