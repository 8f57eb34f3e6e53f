#include "engine/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

#include <llama.h>

#include "core/text.h"

namespace scale::engine {

namespace {

std::atomic<bool> everything{false};
std::atomic<bool> capturing{false};
std::mutex captured_lock;
std::string captured;

void write_message(ggml_log_level level, const char* text, void*) {
    static thread_local ggml_log_level last = GGML_LOG_LEVEL_INFO;
    if (level != GGML_LOG_LEVEL_CONT) last = level;  // a continuation belongs to the message before it
    if (capturing) {
        const std::lock_guard lock(captured_lock);
        captured += text;
    }
    const bool important = last == GGML_LOG_LEVEL_WARN || last == GGML_LOG_LEVEL_ERROR;
    if (everything ? last != GGML_LOG_LEVEL_DEBUG : important && !capturing) std::fputs(text, stderr);
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

LogCapture::LogCapture() {
    start_engine();
    const std::lock_guard lock(captured_lock);
    captured.clear();
    capturing = true;
}

LogCapture::~LogCapture() {
    capturing = false;
}

std::string LogCapture::text() const {
    const std::lock_guard lock(captured_lock);
    return captured;
}

std::string LogCapture::after(const std::string& mark) const {
    const std::string all = text();
    const std::size_t at = all.rfind(mark);
    if (at == std::string::npos) return {};
    return core::trimmed(std::string_view(all).substr(at + mark.size(), all.find('\n', at) - at - mark.size()));
}

}  // namespace scale::engine
