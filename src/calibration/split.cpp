#include "calibration/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

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

struct Targets {
    std::size_t holdout = 0;
    std::size_t canary = 0;
};

Targets targets_of(std::size_t distinct, const SplitOptions& options) {
    const auto share_of = [&](double share) {
        return static_cast<std::size_t>(std::llround(share * static_cast<double>(distinct)));
    };
    Targets targets;
    targets.holdout = std::clamp(share_of(options.holdout), min_holdout, distinct - min_samples);
    targets.canary = std::min(share_of(options.canary), distinct - min_samples - targets.holdout);
    if (targets.canary < min_canary) targets.canary = 0;
    return targets;
}

// Puts whole groups on the sides, in the order of the seeded hashes of their names. Returns the number of groups.
std::size_t split_groups(const TrafficIndex& index, const std::vector<std::size_t>& pool, const SplitOptions& options,
                         Split& split) {
    const std::vector<std::string> groups = groups_of(index.distinct);
    std::map<std::string, std::vector<std::size_t>> members;  // by seeded hash of the group's name
    for (const std::size_t i : pool)
        members[core::sha256_hex(fmt::format("{}/{}", options.seed, groups[i]))].push_back(i);
    const Targets targets = targets_of(pool.size(), options);
    for (const auto& [order, group] : members) {
        auto& side = split.holdout.size() + group.size() <= targets.holdout ? split.holdout
                     : split.canary.size() + group.size() <= targets.canary ? split.canary
                                                                            : split.calibration;
        side.insert(side.end(), group.begin(), group.end());
    }
    return members.size();
}

// Moves the requests whose cluster is among `clusters` to split.set_aside.
void set_aside(const TrafficIndex& index, const std::unordered_set<std::size_t>& clusters,
               std::vector<std::size_t>& side, Split& split) {
    const auto keeps = [&](std::size_t i) { return clusters.count(index.clusters[i]) == 0; };
    const auto moved = std::stable_partition(side.begin(), side.end(), keeps);
    split.set_aside.insert(split.set_aside.end(), moved, side.end());
    side.erase(moved, side.end());
}

void separate_near_duplicates(const TrafficIndex& index, Split& split) {
    std::unordered_set<std::size_t> clusters;
    for (const std::size_t i : split.holdout) clusters.insert(index.clusters[i]);
    set_aside(index, clusters, split.canary, split);
    for (const std::size_t i : split.canary) clusters.insert(index.clusters[i]);
    set_aside(index, clusters, split.calibration, split);
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

Split split_requests(const TrafficIndex& index, const SplitOptions& options, const std::string& source) {
    Split split;
    std::vector<std::size_t> pool;
    for (std::size_t i = 0; i < index.distinct.size(); ++i)
        (index.distinct[i].overlap.empty() ? pool : split.overlaps).push_back(i);
    const std::size_t distinct = pool.size();
    const std::string overlaps =
        split.overlaps.empty() ? "" : fmt::format(", {} that overlap with an evaluation set", split.overlaps.size());
    if (distinct < min_samples + min_holdout)
        throw too_few(distinct, fmt::format("{}: {} distinct{}", source, distinct, overlaps));
    const std::size_t groups = split_groups(index, pool, options, split);
    separate_near_duplicates(index, split);
    for (auto* side : {&split.calibration, &split.holdout, &split.canary, &split.set_aside})
        std::sort(side->begin(), side->end());
    if (split.holdout.size() < min_holdout || split.calibration.size() < min_samples)
        throw too_few(distinct,
                      fmt::format("{}: {} distinct requests from {} conversations, which split into {} and {}, {} more "
                                  "being near-duplicates across the split{}",
                                  source, distinct, groups, split.calibration.size(), split.holdout.size(),
                                  split.set_aside.size(), overlaps));
    return split;
}

void check_disjoint(const std::vector<IndexedRequest>& requests, const Split& split) {
    const std::vector<std::string> groups = groups_of(requests);
    std::map<std::string, int> side_of;  // of every text and group
    int side = 0;
    for (const auto* members : {&split.calibration, &split.holdout, &split.canary}) {
        ++side;
        for (const std::size_t i : *members)
            for (const std::string& key : {"text:" + requests[i].text_hash, "group:" + groups[i]})
                if (side_of.emplace(key, side).first->second != side)
                    throw std::logic_error(
                        fmt::format("log line {} is on two sides of the split", requests[i].place.number));
    }
}

std::vector<std::size_t> near_duplicates_across(const TrafficIndex& index, const std::vector<std::size_t>& one,
                                                const std::vector<std::size_t>& other) {
    std::vector<std::size_t> found;
    for (const std::size_t i : one)
        if (std::any_of(other.begin(), other.end(), [&](std::size_t k) {
                return similarity(index.signatures[i], index.signatures[k]) >= near_duplicate;
            }))
            found.push_back(i);
    return found;
}

}  // namespace scale::calibration
