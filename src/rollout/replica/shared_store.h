// What gateways of one rollout share, in PostgreSQL. Every statement is a transaction of its own.
//
//   scale_rollout   one row for each flag: the state (as in state.json) with its epoch, the digest of the salt, and how
//                   many shipments of evidence the experiment has
//   scale_change    every state that ever stood; append-only
//   scale_evidence  shipments in the order in which all gateways count them: 1, 2, 3 … without a gap, for a writer
//   takes
//                   its number from the row of scale_rollout, which it holds until its shipment is there
//   scale_replica   who is there
//
// A change of the state is an UPDATE … WHERE epoch = n: of two that change the same epoch one wins, and the other looks
// again. Whoever writes notifies the channel scale_rollout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rollout/log/records.h"
#include "rollout/replica/postgres.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct SharedRow {
    RolloutState state;
    std::string salt;            // digest, see salt_digest()
    std::uint64_t evidence = 0;  // number of the last shipment
};

struct Shipment {
    std::uint64_t number = 0;
    std::string replica;
    std::string records;  // lines as the log has them, without texts
};

class SharedStore {
  public:
    // Connects, makes the tables where they are missing, and listens. Throws as Postgres does.
    SharedStore(const std::string& settings, std::string flag, std::chrono::milliseconds limit);

    std::optional<SharedRow> load();
    // False where the row is there already.
    bool create(const RolloutState& state, const std::string& salt, const std::string& replica);
    // The state that stands has state.epoch − 1, or nothing happens and false comes back. A new experiment begins
    // without evidence.
    bool replace(const RolloutState& state, const std::string& replica);

    // The last piece of this gateway's evidence that has arrived, 0 for none.
    std::uint64_t shipped(const std::string& experiment, const std::string& replica);
    // Pieces `first` to `last` of the gateway's own counting; false where the experiment is over.
    bool ship(const std::string& experiment, const std::string& replica, std::uint64_t first, std::uint64_t last,
              const std::string& records);
    // In order, behind `after`, at most `limit`.
    std::vector<Shipment> shipments(const std::string& experiment, std::uint64_t after, int limit);

    // False where another holder of the same name was there within the last `seconds`.
    bool hold_name(const std::string& replica, const std::string& holder, double seconds);

    Postgres& database() { return database_; }

  private:
    Postgres database_;
    const std::string flag_;
};

// Throws an input error for a line that no gateway writes.
std::vector<Record> records_of(const Shipment& shipment);

// Tells whether two gateways assign users alike, without giving the salt away.
std::string salt_digest(const std::string& salt);

}  // namespace scale::rollout
