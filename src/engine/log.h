// Where the engine's messages go: stderr, which in a worker is the job's log file.
#pragma once

namespace scale::engine {

// Starts the engine once per process; warnings and errors are logged.
void start_engine();

// Informational messages too; a worker's log has them, since they explain a crash.
void log_all_of_the_engine();

}  // namespace scale::engine
