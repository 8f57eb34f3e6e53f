#include "quantize/allocation/admissible.h"

#include <algorithm>

#include "quantize/grid/grid.h"

namespace scale::quantize {

namespace {

constexpr std::uint64_t alignment = 32;       // of tensors in the files that the engine writes
constexpr double narrowest_unquantised = 16;  // bits a weight

std::uint64_t padded(std::uint64_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

bool has_codebook(const std::string& type) {
    const Grid* grid = find_grid(type);
    return grid && grid->has_codebook();
}

// The codebook types decode several times slower on a CPU than the others of their width.
bool admits_codebooks(const engine::QuantizePlan& stock, const std::set<std::string>& allowed) {
    return std::any_of(allowed.begin(), allowed.end(), has_codebook) ||
           std::any_of(stock.tensors.begin(), stock.tensors.end(),
                       [](const engine::TensorPlan& tensor) { return has_codebook(tensor.type); });
}

std::vector<TypeOption> options_of(const model::TensorInfo& tensor, const std::set<std::string>& allowed,
                                   bool codebooks) {
    std::vector<TypeOption> options;
    const std::uint64_t columns = tensor.shape[0], rows = tensor.elements / columns;
    for (const Grid& grid : all_grids()) {
        const model::TensorType* type = model::tensor_type(grid.type);
        if (grid.has_codebook() && !codebooks) continue;
        if (!type || columns % type->block != 0 || type->bits_per_weight() >= tensor.type->bits_per_weight()) continue;
        if (!allowed.empty() && !allowed.contains(std::string(type->name))) continue;
        options.push_back({type, padded(rows * (columns / type->block * type->bytes))});
    }
    std::stable_sort(options.begin(), options.end(),
                     [](const TypeOption& a, const TypeOption& b) { return a.bytes < b.bytes; });
    return options;
}

std::size_t stock_option(const std::vector<TypeOption>& options, const engine::TensorPlan& planned) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < options.size(); ++i) {
        if (options[i].type->name == planned.type) return i;
        if (options[i].bytes <= padded(planned.bytes)) best = i;
    }
    return best;
}

}  // namespace

Admissible admissible_types(const model::GgufFile& original, const engine::QuantizePlan& stock,
                            const std::set<std::string>& allowed) {
    Admissible result;
    const bool codebooks = admits_codebooks(stock, allowed);
    result.fixed_bytes = stock.file_bytes;
    for (const engine::TensorPlan& planned : stock.tensors) {
        const model::TensorInfo* tensor = original.tensor(planned.name);
        const model::TensorType* type = model::tensor_type(std::string_view(planned.type));
        if (!tensor || !type || tensor->shape.size() < 2 || type == tensor->type ||
            type->bits_per_weight() >= narrowest_unquantised)
            continue;
        FreeTensor free{tensor->name, tensor->shape[0], tensor->elements / tensor->shape[0],
                        options_of(*tensor, allowed, codebooks)};
        if (free.options.empty()) continue;
        free.stock = stock_option(free.options, planned);
        result.fixed_bytes -= padded(planned.bytes);
        result.tensors.push_back(std::move(free));
    }
    return result;
}

}  // namespace scale::quantize
