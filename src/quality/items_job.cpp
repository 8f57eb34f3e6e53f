#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "engine/model.h"
#include "quality/jobs.h"
#include "quality/suite/item.h"

namespace scale::quality {

core::Json items_job(const core::Json& request, engine::JobContext&) {
    const auto wanted = request.get<ItemsRequest>();
    const engine::Model model(wanted.original, {.vocabulary_only = true});
    SuiteRequest suites;
    suites.items = wanted.items;
    suites.seed = wanted.seed;
    suites.context = wanted.context;
    if (model.trained_context() > 0) suites.context = std::min(suites.context, model.trained_context());
    suites.count_tokens = [&](const std::string& text) {
        return static_cast<int>(model.tokenize(text, false, false).size());
    };
    const std::vector<Item> items = all_items(suites, wanted.compressed);
    core::write_file_atomic(wanted.output, core::canonical({{"items", items}}));
    return {{"items", items.size()}, {"context", suites.context}};
}

}  // namespace scale::quality
