// How long the latest good answers of each arm took: the newest few hundred, whoever asked. For people who look; no
// test rests on it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/json.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class RecentTimes {
  public:
    explicit RecentTimes(std::size_t kept = 500) : kept_(kept) {}

    // A request that its assigned arm answered well; others are passed over. Time to first token: streams only.
    void add(const Admit& admit, const Finish& finish);

    // Quantiles in milliseconds; NaN where there is nothing.
    double first_token(Arm arm, double quantile) const;
    double per_token(Arm arm, double quantile) const;

    // {"first_token_ms": {"count","p50","p95"}, "per_token_ms": …}, null where there is nothing.
    core::Json to_json(Arm arm) const;

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(first_token_, per_token_);
    }

  private:
    struct Ring {
        std::vector<float> values;
        std::size_t next = 0;

        template <typename Archive>
        void exchange_state(Archive& archive) {
            archive(values, next);
        }
    };
    void push(Ring& ring, double value) const;

    std::size_t kept_;
    std::array<Ring, 2> first_token_;
    std::array<Ring, 2> per_token_;
};

}  // namespace scale::rollout
