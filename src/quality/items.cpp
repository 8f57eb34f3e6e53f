#include "quality/items.h"

#include "core/file.h"
#include "core/progress.h"
#include "hardware/threads.h"
#include "quality/gate.h"
#include "quality/jobs.h"
#include "quality/looks.h"
#include "record/pass_fields.h"

namespace scale::quality {

std::string store_items(record::Pass& pass, const record::Budget& budget, const std::filesystem::path& original,
                        bool compressed, const std::filesystem::path& log) {
    const std::filesystem::path file = pass.work_folder() / "lock-items.json";
    std::filesystem::create_directories(pass.work_folder());
    ItemsRequest request;
    request.original = original.string();
    request.output = file.string();
    request.items = plan_looks(budget, compressed).back().items;
    request.context = budget.context;
    request.seed = budget.seed;
    request.compressed = compressed;
    request.scoring = budget.scoring;
    for (std::string* path : {&request.scoring.ifeval, &request.scoring.gsm8k, &request.scoring.lambada,
                              &request.scoring.piqa, &request.scoring.hellaswag})
        if (!path->empty()) *path = pass.resolve(*path).string();
    for (const std::string& suite : record::suite_names()) request.margins[suite] = suite_margin(budget, suite);
    request.alpha = budget.alpha;
    request.threads = hardware::threads_for(pass.file().deploy.threads);
    {
        core::Progress progress("making the items");
        engine::run_job("quality.items", request, log, &progress);
    }
    const core::Json document = core::parse_json(core::read_file(file), file.string());
    std::filesystem::remove(file);
    return pass.objects().put(core::canonical(document));
}

}  // namespace scale::quality
