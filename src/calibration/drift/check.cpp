#include "calibration/drift/check.h"

#include <utility>

#include <fmt/format.h>

#include "calibration/drift/comparison.h"
#include "calibration/drift/profile.h"
#include "calibration/split.h"
#include "core/error.h"
#include "core/progress.h"

namespace scale::calibration {

namespace {

constexpr std::size_t profiled_requests = 2 * fitted_requests;

std::vector<Sighting> sightings_of(const std::vector<IndexedRequest>& requests, const Traffic& traffic,
                                   std::size_t limit) {
    const std::vector<std::string> groups = groups_of(requests);
    const std::size_t stride = requests.size() / limit + 1;
    std::vector<Sighting> sightings;
    for (std::size_t i = 0; i < requests.size(); i += stride)
        sightings.push_back(sighting_of(requests[i], groups[i], traffic.again(requests[i].place)));
    return sightings;
}

// The distinct requests of the new log under the profile of the old.
std::vector<Observation> observe_log(Traffic& traffic, const TrafficProfile& profile, record::TrafficCheck& check) {
    core::Progress progress("reading the traffic log");
    Deduplication distinct(checked_requests);
    const auto take = [&](const Place& place, const ParsedLine& parsed) {
        if (!parsed.refusal.empty()) return;
        ++check.requests;
        distinct.add(place, parsed.request);
    };
    check.log_sha256 = traffic
                           .read(take,
                                 [&](std::uint64_t done, std::uint64_t size) {
                                     progress.update(static_cast<double>(done), static_cast<double>(size));
                                 })
                           .sha256;
    std::vector<Observation> observations;
    for (const Sighting& sighting : sightings_of(distinct.distinct(), traffic, checked_requests))
        observations.push_back(profile.observe(sighting));
    return observations;
}

}  // namespace

std::string profile_of(const TrafficIndex& index, const Traffic& traffic, std::uint64_t seed) {
    return TrafficProfile::fit(sightings_of(index.distinct, traffic, profiled_requests), seed).to_json();
}

record::TrafficCheck check_traffic(record::Pass& pass, const std::optional<std::filesystem::path>& log) {
    const record::WorkLock lock(pass.folder(), "scale assemble --check");
    const record::Lineage lineage = pass.lineage();
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    if (!set)
        throw core::refused("no calibration set is in force", "a set to compare the traffic with", "scale assemble");
    const auto payload = set->payload.get<record::CalibrationSet>();
    if (payload.profile_sha256.empty())
        throw core::input_error("the calibration set in force has no traffic profile", "a set of this version",
                                "scale assemble");
    const TrafficProfile profile =
        TrafficProfile::from_json(pass.objects().get(payload.profile_sha256), "the traffic profile");
    Traffic traffic = open_traffic(pass, log);
    record::TrafficCheck read;
    const std::vector<Observation> now = observe_log(traffic, profile, read);
    ComparisonOptions options;
    options.seed = payload.seed;
    record::TrafficCheck check = compare_traffic(profile, now, options);
    check.log_sha256 = read.log_sha256;
    pass.store().append({record::Stage::calibration, record::kind::traffic_check, {set->hash}, core::Json(check)});
    return check;
}

}  // namespace scale::calibration
