#include "constraint/import_original.h"

#include <fmt/format.h>

#include "core/progress.h"
#include "model/huggingface/to_gguf.h"
#include "record/imported.h"
#include "record/objects.h"

namespace scale::constraint {

namespace {

namespace fs = std::filesystem;

// As it is shown to people: without "." and a final separator.
fs::path resolved(const fs::path& pass_folder, const std::string& path) {
    const fs::path whole = (fs::path(path).is_absolute() ? fs::path(path) : pass_folder / path).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();
}

std::vector<std::string> notes_of(const model::ModelFolder& folder) {
    std::vector<std::string> notes = folder.architecture.notes;
    notes.insert(notes.end(), folder.vocabulary.notes.begin(), folder.vocabulary.notes.end());
    return notes;
}

std::string convert(const model::ModelFolder& folder, const fs::path& pass_folder, record::Objects& objects) {
    const fs::path file = pass_folder / ".scale" / "work" / "original.gguf";
    core::Progress progress("converting the original to GGUF");
    model::write_gguf(folder, file, [&](std::uint64_t done, std::uint64_t total) {
        progress.update(static_cast<double>(done), static_cast<double>(total));
    });
    return objects.adopt_file(file);
}

}  // namespace

Original import_original(const fs::path& pass_folder, const std::string& path) {
    const fs::path source = resolved(pass_folder, path);
    if (!fs::is_directory(source)) return {source, {}, {}};
    record::Objects objects(pass_folder);
    const auto known = record::find_imported(pass_folder, path);
    const bool is_stored = known && objects.contains(known->gguf_sha256);
    const model::ModelFolder folder = model::read_model_folder(source);
    record::ImportedModel imported{path, {}, model::folder_stamp(source), {}};
    if (is_stored && known->stamp == imported.stamp)
        return {objects.path(known->gguf_sha256), known->source_sha256, {}};

    imported.source_sha256 = model::folder_digest(source, "hashing the original's folder");
    const bool is_same = is_stored && known->source_sha256 == imported.source_sha256;
    imported.gguf_sha256 = is_same ? known->gguf_sha256 : convert(folder, pass_folder, objects);
    record::remember_imported(pass_folder, imported);
    return {objects.path(imported.gguf_sha256), imported.source_sha256,
            is_same ? std::vector<std::string>() : notes_of(folder)};
}

}  // namespace scale::constraint
