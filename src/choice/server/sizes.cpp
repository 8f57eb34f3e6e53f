#include "choice/server/sizes.h"

#include "model/gguf.h"

namespace scale::choice {

namespace {

struct Split {
    double linear_weights = 0;  // of the decoder blocks
    double other_bytes = 0;
};

Split split_of(const model::GgufFile& file) {
    Split split;
    for (const model::TensorInfo& tensor : file.tensors()) {
        if (tensor.shape.size() >= 2 && tensor.name.rfind("blk.", 0) == 0)
            split.linear_weights += static_cast<double>(tensor.elements);
        else
            split.other_bytes += static_cast<double>(tensor.bytes);
    }
    return split;
}

}  // namespace

std::vector<record::Candidate> list_server_candidates(const Gathered& facts) {
    const Split split = split_of(model::GgufFile(facts.model));
    std::vector<record::Candidate> candidates;
    for (const CandidateType& type : candidate_types()) {
        record::Candidate& candidate = candidates.emplace_back(unsized_candidate(type));
        if (type.target != "vllm") continue;
        const double bytes = split.linear_weights * type.stored_bits / 8 + split.other_bytes;
        candidate.bytes = static_cast<std::uint64_t>(bytes);
        candidate.bits_per_weight = 8 * bytes / static_cast<double>(facts.original.parameters);
        candidate.memory = facts.situation.constraint.memory;
        candidate.memory.weights = candidate.bytes;
    }
    return candidates;
}

}  // namespace scale::choice
