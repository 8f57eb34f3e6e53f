// Giving the checked artefact its place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/entry.h"

namespace scale::quantize {

// "model.f16.gguf" and "Q4_K_M" give "model.f16.Q4_K_M.gguf"; a folder "model-1.5b" gives "model-1.5b.Q4_K_M.gguf".
std::string artefact_name(const std::filesystem::path& original, const std::string& type);

// Throws an io error where `target` exists with bytes that no artefact entry names and that are not `sha256` either
// (a killed run may have published just before it could write the record).
void require_replaceable(const std::filesystem::path& target, const std::string& sha256,
                         const std::vector<record::Entry>& entries);

// Renames and syncs the folder; `partial` is already synced.
void publish(const std::filesystem::path& partial, const std::filesystem::path& target);

// Writes the plan beside the artefact, as ARTEFACT.plan.json. A file of that name that is no plan of this pass stays,
// and a line for people says so; the plan is among the objects in any case.
void publish_plan(const std::filesystem::path& artefact, const std::string& plan,
                  const std::vector<record::Entry>& entries);

}  // namespace scale::quantize
