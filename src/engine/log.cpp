#include "engine/log.h"

#include <atomic>
#include <cstdio>

#include <llama.h>

namespace scale::engine {

namespace {

std::atomic<bool> everything{false};

void write_message(ggml_log_level level, const char* text, void*) {
    static thread_local ggml_log_level last = GGML_LOG_LEVEL_INFO;
    if (level != GGML_LOG_LEVEL_CONT) last = level;  // a continuation belongs to the message before it
    const bool important = last == GGML_LOG_LEVEL_WARN || last == GGML_LOG_LEVEL_ERROR;
    if (!important && (!everything || last == GGML_LOG_LEVEL_DEBUG)) return;
    std::fputs(text, stderr);
}

}  // namespace

void start_engine() {
    static const bool started = [] {
        llama_log_set(write_message, nullptr);
        llama_backend_init();
        return true;
    }();
    static_cast<void>(started);
}

void log_all_of_the_engine() {
    everything = true;
    start_engine();
}

}  // namespace scale::engine
