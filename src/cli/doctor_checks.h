// What `scale doctor` looks at. No check throws: what it meets is its finding.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/pass_file.h"

namespace scale::cli {

enum class CheckState { ok, warning, problem };

std::string_view state_name(CheckState state);

struct Check {
    std::string name;  // "memory"
    CheckState state = CheckState::ok;
    std::string finding;  // what is the case
    std::string advice;   // what to do about it, "" where nothing is
};

// Of the machine and the program, whatever the pass.
Check check_machine();
Check check_engine();
Check check_server();
Check check_crash_reporting();

// Of the pass in `folder`.
Check check_folder(const std::filesystem::path& folder);
Check check_record(const std::filesystem::path& folder);
// scale.toml; `file` receives its contents where it is right.
Check check_pass_file(const std::filesystem::path& folder, std::optional<record::PassFile>& file);
// Model file, memory for it, and disk space for the pass.
std::vector<Check> check_model(const std::filesystem::path& folder, const record::PassFile& file);
Check check_traffic(const std::filesystem::path& folder, const record::PassFile& file);
Check check_listen(const std::filesystem::path& folder, const record::PassFile& file);

}  // namespace scale::cli
