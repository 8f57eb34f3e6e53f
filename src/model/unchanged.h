// A pass is about one model. Before a stage works with the original, it makes sure that the file is still that model.
#pragma once

#include <filesystem>
#include <string>

namespace scale::model {

// Streams the file's SHA-256, with progress, and throws a refusal naming `scale set` where it is not `sha256`. An empty
// `sha256` (a record without a fingerprint) accepts any file that exists.
void require_unchanged(const std::filesystem::path& file, const std::string& sha256);

}  // namespace scale::model
