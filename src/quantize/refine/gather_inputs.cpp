#include "quantize/refine/gather_inputs.h"

#include <vector>

#include "engine/session.h"
#include "quantize/text_packs.h"

namespace scale::quantize {

std::string input_name(const model::GgufFile& file, const std::string& tensor) {
    return tensor == "token_embd.weight" && !file.tensor("output.weight") ? "output.weight" : tensor;
}

void gather_inputs(const std::filesystem::path& model_path, const std::vector<model::TokenSequence>& texts,
                   InputMomentsCollector& collector, int threads, const std::function<void(double)>& progress) {
    const engine::Model model(model_path);
    std::vector<model::TokenSequence> set = texts;
    const std::size_t longest = cut_to_context(set, model.trained_context());
    engine::SessionOptions options = pack_session(longest, threads);
    options.observer = &collector;
    engine::Session session(model, options);
    std::size_t done = 0;
    for (const TextPack& pack : pack_texts(set)) {
        collector.begin_sample(pack.half);
        session.run_together(texts_of(pack, set));
        done += pack.texts.size();
        progress(static_cast<double>(done) / static_cast<double>(set.size()));
    }
}

}  // namespace scale::quantize
