#include "quantize/produce/server_stand_in.h"

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "engine/job.h"
#include "hardware/threads.h"
#include "quantize/produce/checkpoint.h"
#include "record/payload.h"

namespace scale::quantize {

namespace fs = std::filesystem;

void write_server_stand_in(const record::Pass& pass, const std::string& format, const fs::path& folder) {
    require_format(format);
    if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
        throw core::io_error(folder.string() + " exists", "a free name, since nothing of yours is overwritten",
                             "name another folder, or move that one away");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::constraint);
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    const fs::path source = source_folder(pass);
    require_source(source, constraint);
    if (const fs::path parent = fs::absolute(folder).parent_path(); !parent.empty()) fs::create_directories(parent);
    const fs::path original = pass.original();
    core::require_free_space(fs::absolute(folder).parent_path(), fs::file_size(original), "the stand-in");
    core::Progress progress("writing " + folder.filename().string());
    engine::run_job("quantize.stand_in",
                    {{"original", original.string()},
                     {"source", source.string()},
                     {"format", format},
                     {"devices", pass.file().deploy.tensor_parallel},
                     {"target", fs::absolute(folder).string()},
                     {"threads", hardware::threads_for(pass.file().deploy.threads)},
                     {"tool", program_name()}},
                    pass.work_folder() / "stand-in.log", &progress);
}

}  // namespace scale::quantize
