// Which tokens begin, end and separate texts, and whether they are put in; and the chat template.
#pragma once

#include "model/huggingface/tokenizer/tokenizer_files.h"
#include "model/huggingface/tokenizer/vocabulary.h"

namespace scale::model {

// Fills in `special_ids`, `added` and `chat_template`; `tokens` are there already. Ids: by the content that
// tokenizer_config.json names, looked up among tokenizer.json's added tokens, then those of config.json. What is put
// in: by tokenizer.json's post-processor, then add_…_token of tokenizer_config.json. An input error for a
// post-processor that puts in what GGUF cannot say.
void read_special_tokens(const TokenizerFiles& files, Vocabulary& vocabulary);

}  // namespace scale::model
