#include "record/imported.h"

#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace scale::record {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = 1 << 20;

fs::path list_of(const fs::path& pass_folder) {
    return pass_folder / ".scale" / "imported.json";
}

std::vector<ImportedModel> read_list(const fs::path& pass_folder) {
    const fs::path file = list_of(pass_folder);
    if (!fs::exists(file)) return {};
    const core::Json list = core::parse_json(core::read_file(file, largest_file), file.string());
    try {
        return list.get<std::vector<ImportedModel>>();
    } catch (const core::Json::exception&) {
        throw core::input_error(file.string() + " is not a list of imported models", {},
                                "remove it; the model is converted again");
    }
}

}  // namespace

std::optional<ImportedModel> find_imported(const fs::path& pass_folder, const std::string& path) {
    for (const ImportedModel& model : read_list(pass_folder))
        if (model.path == path) return model;
    return std::nullopt;
}

void remember_imported(const fs::path& pass_folder, const ImportedModel& model) {
    std::vector<ImportedModel> list = read_list(pass_folder);
    std::erase_if(list, [&](const ImportedModel& known) { return known.path == model.path; });
    list.push_back(model);
    core::write_file_atomic(list_of(pass_folder), core::canonical(list) + "\n");
}

}  // namespace scale::record
