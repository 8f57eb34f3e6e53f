// The state of an EvidenceBook, as one replay leaves it to the next.
#include <algorithm>
#include <map>
#include <utility>

#include "rollout/evidence/evidence_book.h"
#include "rollout/evidence/state_archive.h"

namespace scale::rollout {

template <typename Archive>
void EvidenceBook::exchange_state(Archive& archive) {
    archive(monitor_, history_, times_, recent_, experiments_, pieces_, parked_order_, feedback_id_order_);
    std::vector<std::int64_t> shares;
    for (const auto& [share, units] : step_units_) shares.push_back(share);
    archive(shares);
    for (const std::int64_t share : shares) archive.subset(step_units_[share], monitor_.units());
}

void EvidenceBook::save(StateWriter& writer) {
    exchange_state(writer);
    std::map<std::string, std::vector<Feedback>> parked(parked_.begin(), parked_.end());
    std::map<std::string, Admit> open(open_.begin(), open_.end());
    std::uint64_t known = known_order_.size();
    writer(parked, open, known);
    for (const KnownPointer& pointer : known_order_) {
        Known entry = *pointer;
        writer(entry.request_id, entry.response_id, entry.session, entry.assigned.unit, entry.assigned.arm,
               entry.assigned.propensity, entry.counted);
    }
}

void EvidenceBook::load(StateReader& reader) {
    *this = EvidenceBook(options_, experiment_, limits_);
    exchange_state(reader);
    feedback_ids_ = {feedback_id_order_.begin(), feedback_id_order_.end()};
    std::map<std::string, std::vector<Feedback>> parked;
    std::map<std::string, Admit> open;
    std::uint64_t known = 0;
    reader(parked, open, known);
    for (const auto& [key, waiting] : parked) parked_count_ += waiting.size();
    parked_ = {std::make_move_iterator(parked.begin()), std::make_move_iterator(parked.end())};
    open_ = {std::make_move_iterator(open.begin()), std::make_move_iterator(open.end())};
    for (; known > 0; --known) {
        Known entry;
        reader(entry.request_id, entry.response_id, entry.session, entry.assigned.unit, entry.assigned.arm,
               entry.assigned.propensity, entry.counted);
        remember(std::make_shared<const Known>(std::move(entry)));
    }
    reader.expect_end();
}

void EvidenceBook::turn_to(const MonitorOptions& options, const std::string& experiment) {
    options_ = options;
    experiment_ = experiment;
    monitor_ = Monitor(options);
    history_ = EvidenceHistory();
    step_units_.clear();
    recent_.count_none();
    for (const KnownPointer& old : std::exchange(known_order_, {})) {
        Known entry = *old;
        entry.counted = false;
        remember(std::make_shared<const Known>(std::move(entry)));
    }
}

}  // namespace scale::rollout
