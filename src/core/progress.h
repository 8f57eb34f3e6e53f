// Progress of long work: a bar with the time left on a terminal, one plain line every few seconds elsewhere, nothing in
// quiet mode. Everything goes to stderr, so that stdout stays for results. Where detail is asked for (-v), every piece
// of work that is named gets a line of its own, with what it took (pieces of a few milliseconds share one). The last
// line says how long all of it took, and the most memory that was seen.
//
// The time left is the mean pace since the start of the step applied to what remains; it is shown only after 2 seconds
// and 2 % of the work, since an earlier figure would be a guess.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace scale::core {

enum class Verbosity { quiet, normal, verbose };

void set_verbosity(Verbosity verbosity);
Verbosity verbosity();

// A line for people on stderr; not in quiet mode.
void say(const std::string& line);
// A line for people who asked for detail (-v).
void say_detail(const std::string& line);

class Progress {
  public:
    explicit Progress(std::string label);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // `done` of `total` units of work; `note` is a short text behind the figure, such as the layer that is ready and
    // its loss; `memory` is what the process at work holds now, in bytes, 0 where that is not known.
    void update(double done, double total, const std::string& note = {}, std::uint64_t memory = 0);

  private:
    void draw(double fraction, const std::string& note);
    void detail(const std::string& note, std::uint64_t memory);

    std::string label_;
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point last_draw_;
    std::chrono::steady_clock::time_point last_detail_;
    std::string last_note_;
    std::uint64_t most_memory_ = 0;
};

}  // namespace scale::core
