#include "model/huggingface/tokenizer/vocabulary.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/huggingface/tokenizer/bpe_vocabulary.h"
#include "model/huggingface/tokenizer/sentencepiece_vocabulary.h"
#include "model/huggingface/tokenizer/special_tokens.h"

namespace scale::model {

Vocabulary read_vocabulary(const std::filesystem::path& folder, const Architecture& architecture) {
    const TokenizerFiles files = read_tokenizer_files(folder);
    Vocabulary vocabulary;
    try {
        if (std::filesystem::exists(folder / "tokenizer.model"))
            read_sentencepiece_vocabulary(files, architecture, vocabulary);
        else if (!files.tokenizer.is_null())
            read_bpe_vocabulary(files, architecture, vocabulary);
        else
            throw core::input_error(folder.string() + ": holds neither tokenizer.model nor tokenizer.json",
                                    "the tokenizer of the model", "download the whole model folder");
        read_special_tokens(files, vocabulary);
    } catch (const core::Json::exception& failure) {
        const std::string what = failure.what();
        throw core::input_error(fmt::format("{}: its tokenizer's files are not laid out as they should be ({})",
                                            folder.string(), what.substr(what.rfind(']') + 1, 120)),
                                "tokenizer.json and tokenizer_config.json as transformers writes them",
                                "copy or download them again");
    }
    return vocabulary;
}

}  // namespace scale::model
