#include "calibration/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"

namespace scale::calibration {

namespace {

core::Error too_few(std::size_t distinct, const std::string& found) {
    return core::input_error(found,
                             fmt::format("at least {} distinct requests: {} to calibrate and {} for the gate",
                                         min_samples + min_holdout, min_samples, min_holdout),
                             distinct == 0
                                 ? "check that the log holds OpenAI-style request bodies, one JSON object a line"
                                 : "let the log run longer, or name a larger one by --log FILE");
}

std::size_t holdout_target(std::size_t distinct, double share) {
    const auto wanted = static_cast<std::size_t>(std::llround(share * static_cast<double>(distinct)));
    return std::clamp(wanted, min_holdout, distinct - min_samples);
}

}  // namespace

std::vector<std::string> groups_of(const std::vector<IndexedRequest>& requests) {
    std::unordered_map<std::string, std::size_t> named;
    for (const IndexedRequest& request : requests)
        if (!request.conversation.empty()) ++named[request.conversation];
    std::vector<std::string> groups;
    groups.reserve(requests.size());
    for (const IndexedRequest& request : requests) {
        const bool is_conversation =
            !request.conversation.empty() && named[request.conversation] * 4 <= requests.size();
        groups.push_back(is_conversation ? "name:" + request.conversation : "opening:" + request.opening);
    }
    return groups;
}

Split split_requests(const std::vector<IndexedRequest>& requests, double share, std::uint64_t seed,
                     const std::string& source) {
    const std::size_t distinct = requests.size();
    if (distinct < min_samples + min_holdout) throw too_few(distinct, fmt::format("{}: {} distinct", source, distinct));
    const std::vector<std::string> groups = groups_of(requests);
    std::map<std::string, std::vector<std::size_t>> members;  // by seeded hash of the group's name
    for (std::size_t i = 0; i < distinct; ++i)
        members[core::sha256_hex(fmt::format("{}/{}", seed, groups[i]))].push_back(i);
    const std::size_t target = holdout_target(distinct, share);
    Split split;
    for (const auto& [order, group] : members) {
        auto& side = split.holdout.size() + group.size() <= target ? split.holdout : split.calibration;
        side.insert(side.end(), group.begin(), group.end());
    }
    std::sort(split.calibration.begin(), split.calibration.end());
    std::sort(split.holdout.begin(), split.holdout.end());
    if (split.holdout.size() < min_holdout || split.calibration.size() < min_samples)
        throw too_few(distinct,
                      fmt::format("{}: {} distinct requests from {} conversations, which split into {} and {}", source,
                                  distinct, members.size(), split.calibration.size(), split.holdout.size()));
    return split;
}

void check_disjoint(const std::vector<IndexedRequest>& requests, const Split& split) {
    const std::vector<std::string> groups = groups_of(requests);
    std::set<std::string> texts;
    std::set<std::string> conversations;
    for (const std::size_t i : split.calibration) {
        texts.insert(requests[i].text_hash);
        conversations.insert(groups[i]);
    }
    for (const std::size_t i : split.holdout)
        if (texts.count(requests[i].text_hash) != 0 || conversations.count(groups[i]) != 0)
            throw std::logic_error(fmt::format("log line {} is on both sides of the split", requests[i].place.number));
}

}  // namespace scale::calibration
