#include "quality/items.h"

#include "core/file.h"
#include "quality/jobs.h"
#include "quality/looks.h"

namespace scale::quality {

std::string store_items(record::Pass& pass, const record::Budget& budget, const std::filesystem::path& original,
                        bool compressed, const std::filesystem::path& log) {
    const std::filesystem::path file = pass.work_folder() / "lock-items.json";
    std::filesystem::create_directories(pass.work_folder());
    const ItemsRequest request{original.string(), file.string(), plan_looks(budget, compressed).back().items,
                               budget.context,    budget.seed,   compressed};
    engine::run_job("quality.items", request, log);
    const core::Json document = core::parse_json(core::read_file(file), file.string());
    std::filesystem::remove(file);
    return pass.objects().put(core::canonical(document));
}

}  // namespace scale::quality
