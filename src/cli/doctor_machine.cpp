#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "cli/doctor_checks.h"
#include "core/error.h"
#include "core/process.h"
#include "core/text.h"
#include "engine/job.h"
#include "engine/model.h"
#include "hardware/probe.h"

namespace scale::cli {

namespace fs = std::filesystem;

std::string_view state_name(CheckState state) {
    switch (state) {
        case CheckState::ok:
            return "ok";
        case CheckState::warning:
            return "warning";
        case CheckState::problem:
            return "problem";
    }
    return "problem";
}

Check check_machine() {
    const hardware::Machine machine = hardware::probe();
    const std::string finding =
        fmt::format("{}, {} available", hardware::describe(machine), core::human_bytes(machine.memory_available));
    constexpr std::array useful{"avx2", "avx512f", "neon"};
    const bool fast = std::any_of(useful.begin(), useful.end(), [&](const char* name) {
        return std::find(machine.isa.begin(), machine.isa.end(), name) != machine.isa.end();
    });
    if (!fast)
        return {"machine", CheckState::warning, finding,
                "without AVX2 or NEON the engine is slow; a measured constraint would be that of this machine alone"};
    return {"machine", CheckState::ok, finding, {}};
}

Check check_engine() {
    return {"engine", CheckState::ok, engine::engine_version(), {}};
}

Check check_server() {
    constexpr const char* advice =
        "build the engine again: scripts/build_engine.sh; or give original_url and "
        "candidate_url under [rollout]";
    try {
        const fs::path program = engine::engine_programs() / "llama-server";
        const core::TemporaryFolder folder;
        core::ProcessOptions options;
        options.arguments = {program.string(), "--version"};
        options.stderr_file = options.stdout_file = folder.path() / "output";
        core::Process server(options);
        const auto status = server.wait_for(std::chrono::seconds(20));
        if (!status) return {"llama-server", CheckState::problem, "does not answer to --version in 20 s", advice};
        if (*status != 0)
            return {"llama-server", CheckState::problem,
                    fmt::format("{} --version: {}", program.string(), core::exit_text(*status)), advice};
        return {"llama-server", CheckState::ok, "runs", {}};
    } catch (const core::Error& error) {
        return {"llama-server", CheckState::problem, error.found(), advice};
    }
}

// Aborts a worker on purpose: the error must come back with the worker's own last words.
Check check_crash_reporting() {
    const std::string words = "the doctor's test of crash reporting";
    std::string heard;
    try {
        const core::TemporaryFolder folder;
        engine::run_job("engine.selftest_abort", {{"message", words}}, folder.path() / "worker.log");
        heard = "no error at all";
    } catch (const core::Error& error) {
        heard = error.what();
        if (error.kind() == core::ErrorKind::worker && heard.find(words) != std::string::npos)
            return {"worker", CheckState::ok, "a crash of the engine is reported as an error", {}};
    }
    return {"worker", CheckState::problem, "a crash of the engine was reported as: " + heard,
            "this is a fault of scale; please report it"};
}

}  // namespace scale::cli
