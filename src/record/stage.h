// The five stages of SCALE in their order, and the kinds of entries that each leaves in the record.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace scale::record {

enum class Stage { constraint, choice, calibration, quality, rollout };

inline constexpr std::array all_stages{Stage::constraint, Stage::choice, Stage::calibration, Stage::quality,
                                       Stage::rollout};

std::string_view stage_name(Stage stage);      // "constraint"
char stage_letter(Stage stage);                // 'S', 'C', 'A', 'L', 'E'
std::string_view stage_title(Stage stage);     // "Set the constraint"
std::string_view stage_question(Stage stage);  // the question on the table
std::string_view stage_command(Stage stage);   // "scale set"
std::optional<Stage> stage_from_name(std::string_view name);

// Entry kinds. Readers accept unknown kinds, so that older programs can read newer records.
namespace kind {
inline constexpr const char* constraint = "constraint";              // S: payload Constraint
inline constexpr const char* decision = "decision";                  // C: payload Decision
inline constexpr const char* calibration_set = "calibration_set";    // A: payload CalibrationSet
inline constexpr const char* forecast = "forecast";                  // any: payload Forecast
inline constexpr const char* traffic_check = "traffic_check";        // A: payload TrafficCheck
inline constexpr const char* artefact = "artefact";                  // A: payload Artefact
inline constexpr const char* budget = "budget";                      // L: payload Budget
inline constexpr const char* training_mixture = "training_mixture";  // A under QAT: payload TrainingMixture
inline constexpr const char* checkpoint_gate = "checkpoint_gate";    // L under QAT: payload CheckpointGate
inline constexpr const char* gate_started = "gate_started";        // L: payload GateStarted; results exist from here on
inline constexpr const char* verdict = "verdict";                  // L: payload Verdict
inline constexpr const char* archived = "archived";                // E: payload Archived
inline constexpr const char* rollout_started = "rollout_started";  // E: payload Rollout…
inline constexpr const char* rollout_step = "rollout_step";
inline constexpr const char* promoted = "promoted";
inline constexpr const char* rolled_back = "rolled_back";
inline constexpr const char* rollout_stopped = "rollout_stopped";
}  // namespace kind

}  // namespace scale::record
