// A candidate that plainly does not work is taken out after a handful of requests, without waiting for a comparison.
//
// Wald's likelihood ratio of an error rate of 20 % against 1 %, summed from zero and never below it (Page's CUSUM), so
// that a long good start does not delay the alarm. At a true rate of 1 % the mean number of requests to a false alarm
// is at least e^h (Lorden 1971): 100,000 with the limit h = ln 100,000. Four failures in a row reach it.
//
// One unit whose request kills every server must not condemn the candidate: failures of a single unit trip only at
// three times the limit.
#pragma once

#include <cstdint>
#include <string>

namespace scale::rollout {

class HardLimit {
  public:
    void add(bool failed, const std::string& unit);

    bool tripped() const { return tripped_; }  // latched
    double level() const { return level_; }
    static double limit();
    std::uint64_t failures() const { return failures_; }
    std::uint64_t requests() const { return requests_; }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(level_, failing_unit_, several_units_, tripped_, failures_, requests_);
    }

  private:
    double level_ = 0;
    std::string failing_unit_;  // of the run of failures since the level was last zero
    bool several_units_ = false;
    bool tripped_ = false;
    std::uint64_t failures_ = 0;
    std::uint64_t requests_ = 0;
};

}  // namespace scale::rollout
