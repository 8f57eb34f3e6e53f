// This gateway's own evidence on its way to the others. Pieces (an ended request, or a feedback) are numbered 1, 2, 3 …
// as they stand in the durable log, so a number means the same after a restart. They wait in memory; where they grow
// too many, because the database is away, they are left to the log and read from there again.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class LocalEvidence {
  public:
    // `log_folder`: what it holds already is counted, from `start` on; nobody may write to it meanwhile.
    LocalEvidence(std::filesystem::path log_folder, std::string experiment, std::size_t most_bytes = 64 << 20,
                  LogStart start = {});

    // In the log's order, once they are durable.
    void ended(const Admit& admit, const Finish& finish);
    void feedback(const Feedback& feedback);

    // Hands out everything behind piece `after` that is durable by now, in batches. `ship(first, last, lines)` takes
    // over pieces `first` to `last`, of which `lines` holds those that are evidence; false ends the handing out.
    using Ship = std::function<bool(std::uint64_t first, std::uint64_t last, const std::string& lines)>;
    void hand_out(std::uint64_t after, const Ship& ship);

    std::uint64_t count() const;

  private:
    struct Piece {
        std::uint64_t number = 0;
        std::string lines;  // "" for what is no evidence
    };
    class Joiner;
    class Batch;

    std::string lines_of(const Admit& admit, const Finish& finish) const;
    static std::string lines_of(Feedback feedback);
    void add(std::string lines);
    bool hand_out_log(std::uint64_t& after, const Ship& ship);

    const LogStart start_;
    const std::filesystem::path folder_;
    const std::string experiment_;
    const std::size_t most_bytes_;
    mutable std::mutex mutex_;
    std::uint64_t count_ = 0;
    std::deque<Piece> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool in_log_only_ = false;  // pieces before the first one that waits are to be read from the log
};

}  // namespace scale::rollout
