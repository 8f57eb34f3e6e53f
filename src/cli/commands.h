// The list of all commands, in the order of --help.
#pragma once

#include "cli/command.h"

namespace scale::cli {

void add_init_command(CLI::App& app, Commands& commands);
void add_set_command(CLI::App& app, Commands& commands);
void add_choose_command(CLI::App& app, Commands& commands);
void add_assemble_command(CLI::App& app, Commands& commands);
void add_quantize_command(CLI::App& app, Commands& commands);
void add_lock_command(CLI::App& app, Commands& commands);
void add_evaluate_command(CLI::App& app, Commands& commands);
void add_evaluate_check(CLI::App& evaluate, Commands& commands);   // likewise
void add_evaluate_export(CLI::App& evaluate, Commands& commands);  // a subcommand of evaluate
void add_rollback_command(CLI::App& app, Commands& commands);
void add_run_command(CLI::App& app, Commands& commands);
void add_status_command(CLI::App& app, Commands& commands);
void add_checklist_command(CLI::App& app, Commands& commands);
void add_report_command(CLI::App& app, Commands& commands);
void add_bundle_command(CLI::App& app, Commands& commands);
void add_verify_command(CLI::App& app, Commands& commands);
void add_doctor_command(CLI::App& app, Commands& commands);
void add_completion_command(CLI::App& app, Commands& commands);
void add_manual_command(CLI::App& app, Commands& commands);
void add_worker_command(CLI::App& app, Commands& commands);

}  // namespace scale::cli
