#include "calibration/facility_location.h"

#include <algorithm>
#include <queue>

namespace scale::calibration {

namespace {

struct Candidate {
    double gain = 0;
    std::size_t item = 0;
    std::size_t round = 0;  // of the choice for which the gain was computed
    // A greater gain first; of equal ones the earlier item.
    bool operator<(const Candidate& other) const { return gain != other.gain ? gain < other.gain : item > other.item; }
};

class Coverage {
  public:
    Coverage(const std::vector<const TopicVector*>& items, const std::vector<double>& weights)
        : items_(items), weights_(weights), served_(items.size()) {}

    double gain_of(std::size_t candidate) const {
        double gain = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            const double more = static_cast<double>(likeness(i, candidate)) - served_[i];
            if (more > 0) gain += weights_[i] * more;
        }
        return gain;
    }
    void take(std::size_t candidate) {
        for (std::size_t i = 0; i < items_.size(); ++i)
            served_[i] = std::max(served_[i], static_cast<double>(likeness(i, candidate)));
    }

  private:
    // A request without features (all words unknown) is like itself alone.
    float likeness(std::size_t i, std::size_t candidate) const {
        return i == candidate ? 1.0f : cosine(*items_[i], *items_[candidate]);
    }
    const std::vector<const TopicVector*>& items_;
    const std::vector<double>& weights_;
    std::vector<double> served_;
};

}  // namespace

std::vector<std::size_t> facility_location(const std::vector<const TopicVector*>& items,
                                           const std::vector<double>& weights, std::size_t k) {
    std::vector<std::size_t> chosen;
    const std::size_t limit = std::max(k, std::min(items.size(), covered_requests));
    const std::vector<const TopicVector*> ground(
        items.begin(), items.begin() + static_cast<std::ptrdiff_t>(std::min(limit, items.size())));
    Coverage coverage(ground, weights);
    std::priority_queue<Candidate> queue;
    for (std::size_t i = 0; i < ground.size(); ++i) queue.push({coverage.gain_of(i), i, 0});
    while (chosen.size() < k && !queue.empty()) {
        Candidate best = queue.top();
        queue.pop();
        if (best.round == chosen.size()) {
            chosen.push_back(best.item);
            coverage.take(best.item);
        } else {
            best.gain = coverage.gain_of(best.item);
            best.round = chosen.size();
            queue.push(best);
        }
    }
    return chosen;
}

}  // namespace scale::calibration
