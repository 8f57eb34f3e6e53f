#include "core/progress.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/terminal.h"
#include "core/text.h"

namespace scale::core {

namespace {

std::atomic<Verbosity> current{Verbosity::normal};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void set_verbosity(Verbosity verbosity) {
    current = verbosity;
}
Verbosity verbosity() {
    return current;
}

void say(const std::string& line) {
    if (verbosity() != Verbosity::quiet) fmt::print(stderr, "{}\n", line);
}
void say_detail(const std::string& line) {
    if (verbosity() == Verbosity::verbose) fmt::print(stderr, "{}\n", line);
}

Progress::Progress(std::string label)
    : label_(std::move(label)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_draw_(start_),
      last_detail_(start_) {}

Progress::~Progress() {
    if (!drawn_ || verbosity() == Verbosity::quiet) return;
    if (terminal_) fmt::print(stderr, "\r\033[K");
    fmt::print(stderr, "{}: {}{}\n", label_, human_duration(seconds_since(start_)),
               most_memory_ > 0 ? fmt::format(", {} at most", human_bytes(most_memory_)) : "");
}

void Progress::update(double done, double total, const std::string& note, std::uint64_t memory) {
    most_memory_ = std::max(most_memory_, memory);
    if (verbosity() == Verbosity::quiet || total <= 0) return;
    if (verbosity() == Verbosity::verbose) detail(note, memory);
    const double since_draw = seconds_since(last_draw_);
    const double interval = terminal_ ? 0.1 : 10.0;
    if (since_draw < interval) return;
    last_draw_ = std::chrono::steady_clock::now();
    draw(std::clamp(done / total, 0.0, 1.0),
         note + (memory > 0 ? fmt::format("{}{}", note.empty() ? "" : ", ", human_bytes(memory)) : ""));
    drawn_ = true;
}

// Notes that count within one piece of work ("inputs of 12 tensors, 40 %") are for the bar alone.
void Progress::detail(const std::string& note, std::uint64_t memory) {
    if (note.empty() || note == last_note_ || note.ends_with('%')) return;
    last_note_ = note;
    if (terminal_ && drawn_) fmt::print(stderr, "\r\033[K");
    fmt::print(stderr, "{}: {} ({}{})\n", label_, note, human_duration(seconds_since(last_detail_)),
               memory > 0 ? ", " + human_bytes(memory) : "");
    last_detail_ = std::chrono::steady_clock::now();
}

void Progress::draw(double fraction, const std::string& note) {
    const double elapsed = seconds_since(start_);
    const bool pace_known = elapsed >= 2 && fraction >= 0.02;
    const std::string left =
        pace_known ? ", " + human_duration(elapsed * (1 - fraction) / fraction) + " left" : std::string();
    const std::string suffix = note.empty() ? "" : " (" + note + ")";
    if (!terminal_) {
        fmt::print(stderr, "{}: {:.0f} %{}{}\n", label_, 100 * fraction, left, suffix);
        return;
    }
    const int width = 24;
    const int filled = static_cast<int>(fraction * width);
    const std::string line =
        fmt::format("{} [{}{}] {:.0f} %{}{}", label_, std::string(static_cast<std::size_t>(filled), '#'),
                    std::string(static_cast<std::size_t>(width - filled), '.'), 100 * fraction, left, suffix);
    // A line that wraps could not be drawn over.
    const int columns = terminal_width(STDERR_FILENO);
    fmt::print(stderr, "\r\033[K{}",
               columns > 1 ? first_characters(line, static_cast<std::size_t>(columns - 1)) : line);
    std::fflush(stderr);
}

}  // namespace scale::core
