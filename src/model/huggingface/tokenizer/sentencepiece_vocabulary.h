// A vocabulary from tokenizer.model, with what the other files add to it.
#pragma once

#include "model/huggingface/tokenizer/tokenizer_files.h"
#include "model/huggingface/tokenizer/vocabulary.h"

namespace scale::model {

// Fills in model, pre, tokens, scores, kinds and space_prefix. Places that no piece has are filled with unused tokens.
void read_sentencepiece_vocabulary(const TokenizerFiles& files, const Architecture& architecture,
                                   Vocabulary& vocabulary);

}  // namespace scale::model
