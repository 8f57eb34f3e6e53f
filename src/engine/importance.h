// Activation statistics in the form in which the engine's quantiser takes them. For src/engine only.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <llama.h>

#include "engine/activations.h"
#include "model/gguf.h"

namespace scale::engine {

// The importance of a column is the mean square of its input. Owns what `list()` points to.
class Importance {
  public:
    // Throws an input error where the statistics of a weight have another size than the weight.
    static Importance of(const Statistics& statistics, const model::GgufFile& file);
    static Importance uniform(const model::GgufFile& file);

    // Ends with an entry without a name; valid as long as this object.
    const llama_model_imatrix_data* list() const { return list_.data(); }

  private:
    void add(const std::string& name, std::vector<float> values);

    std::deque<std::string> names_;
    std::deque<std::vector<float>> values_;
    std::vector<llama_model_imatrix_data> list_{{nullptr, nullptr, 0}};
};

}  // namespace scale::engine
