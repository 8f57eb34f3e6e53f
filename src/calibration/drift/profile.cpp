#include "calibration/drift/profile.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"

namespace scale::calibration {

namespace {

using core::Json;

constexpr std::size_t systems_kept = 7;
constexpr std::size_t text_bytes = 4096;

// Sightings of whole groups, in the order of a seeded hash of the groups, so that neither part depends on the log's
// order.
std::vector<const Sighting*> shuffled(const std::vector<Sighting>& sightings, std::uint64_t seed) {
    std::vector<std::pair<std::string, const Sighting*>> keyed;
    for (const Sighting& sighting : sightings)
        keyed.emplace_back(core::sha256_hex(fmt::format("profile/{}/{}", seed, sighting.group)), &sighting);
    std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<const Sighting*> order;
    for (const auto& [key, sighting] : keyed) order.push_back(sighting);
    return order;
}

// The first place from `half` on at which a new group begins.
std::size_t part_at_group(const std::vector<const Sighting*>& order, std::size_t half) {
    while (half > 0 && half < order.size() && order[half]->group == order[half - 1]->group) ++half;
    return half;
}

std::vector<std::string> frequent_systems(const std::vector<const Sighting*>& fitted) {
    std::map<std::string, int> counts;
    for (const Sighting* sighting : fitted)
        if (!sighting->system.empty()) ++counts[sighting->system];
    std::vector<std::pair<int, std::string>> sorted;
    for (const auto& [system, count] : counts) sorted.emplace_back(-count, system);
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> systems;
    for (std::size_t i = 0; i < std::min(systems_kept, sorted.size()); ++i) systems.push_back(sorted[i].second);
    return systems;
}

// A component of a vector of length 1 as a signed byte.
std::int8_t to_byte(float value) {
    return static_cast<std::int8_t>(std::lround(value * 127));
}

// Vectors as signed bytes in hexadecimal.
std::string packed(const TopicVector& vector) {
    std::array<std::uint8_t, topic_dimensions> bytes{};
    for (std::size_t d = 0; d < topic_dimensions; ++d) bytes[d] = static_cast<std::uint8_t>(to_byte(vector[d]));
    return core::to_hex(bytes.data(), bytes.size());
}

TopicVector unpacked(const std::string& hex, const std::string& source) {
    TopicVector vector{};
    if (hex.size() != 2 * topic_dimensions || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw core::input_error(source + ": a vector is damaged");
    for (std::size_t d = 0; d < topic_dimensions; ++d)
        vector[d] = static_cast<float>(static_cast<std::int8_t>(std::stoi(hex.substr(2 * d, 2), nullptr, 16))) / 127;
    return vector;
}

// [place, byte, place, byte, …]
Json content_to_json(const ContentVector& content) {
    Json numbers = Json::array();
    for (const auto& [place, value] : content) {
        numbers.push_back(place);
        numbers.push_back(static_cast<int>(to_byte(value)));
    }
    return numbers;
}

ContentVector content_from_json(const Json& numbers) {
    ContentVector content;
    for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
        content.emplace_back(static_cast<std::uint16_t>(numbers.at(i).get<unsigned>() % content_places),
                             static_cast<float>(numbers.at(i + 1).get<int>()) / 127);
    return content;
}

}  // namespace

Sighting sighting_of(const IndexedRequest& entry, const std::string& group, const Request& request) {
    Sighting sighting{group,
                      user_text(request, text_bytes),
                      "",
                      static_cast<int>(entry.format),
                      static_cast<int>(entry.script),
                      static_cast<int>(entry.length)};
    for (const Message& message : request.messages)
        if (message.role == "system") sighting.system += message.content;
    if (!sighting.system.empty()) sighting.system = core::sha256_hex(sighting.system).substr(0, 16);
    return sighting;
}

TrafficProfile TrafficProfile::fit(const std::vector<Sighting>& sightings, std::uint64_t seed) {
    TrafficProfile profile;
    const auto order = shuffled(sightings, seed);
    const std::size_t half = part_at_group(order, order.size() / 2);
    const auto begin = order.begin();
    const std::vector<const Sighting*> fitted(begin,
                                              begin + static_cast<std::ptrdiff_t>(std::min(half, fitted_requests)));
    for (const Sighting* sighting : fitted) profile.frequencies_.add(sighting->text);
    profile.systems_ = frequent_systems(fitted);
    std::vector<TopicVector> vectors;
    for (const Sighting* sighting : fitted) vectors.push_back(topic_vector(sighting->text, profile.frequencies_));
    const std::vector<int> clusters = cluster(vectors, topic_count(vectors.size()), seed);
    profile.centres_ = centres_of_clusters(vectors, clusters);
    profile.topic_names_ = topic_names(
        clusters, [&](std::size_t i) { return fitted[i]->text; }, vectors.size());
    const std::size_t end = part_at_group(order, std::min(order.size(), half + reference_requests));
    for (std::size_t i = half; i < end; ++i) profile.reference_.push_back(profile.observe(*order[i]));
    return profile;
}

int TrafficProfile::system_category(const std::string& system) const {
    if (system.empty()) return 0;
    const auto found = std::find(systems_.begin(), systems_.end(), system);
    return static_cast<int>(found - systems_.begin()) + 1;  // one more than the last: another one
}

Observation TrafficProfile::observe(const Sighting& sighting) const {
    Observation observation;
    observation.group = sighting.group;
    const int topic = centres_.empty() ? 0 : nearest(topic_vector(sighting.text, frequencies_), centres_);
    // As it will be read back, so that both sides of a comparison are rounded alike.
    observation.content = content_from_json(content_to_json(content_vector(sighting.text, frequencies_)));
    observation.category = {sighting.format, sighting.script, sighting.length, topic, system_category(sighting.system)};
    return observation;
}

std::vector<std::string> TrafficProfile::categories(std::size_t dimension) const {
    std::vector<std::string> names;
    if (dimension == 0)
        for (int i = 0; i <= static_cast<int>(Format::plain); ++i)
            names.emplace_back(format_name(static_cast<Format>(i)));
    if (dimension == 1)
        for (int i = 0; i <= static_cast<int>(Script::none); ++i)
            names.emplace_back(script_name(static_cast<Script>(i)));
    if (dimension == 2)
        for (int i = 0; i <= static_cast<int>(Length::very_long); ++i)
            names.emplace_back(length_name(static_cast<Length>(i)));
    if (dimension == 3) names = topic_names_;
    if (dimension == 4) {
        names.emplace_back("none");
        for (const std::string& system : systems_) names.push_back(system.substr(0, 8));
        names.emplace_back("another");
    }
    return names;
}

std::string TrafficProfile::to_json() const {
    Json reference = Json::array();
    for (const Observation& observation : reference_)
        reference.push_back({observation.group, observation.category, content_to_json(observation.content)});
    Json centres = Json::array();
    for (const TopicVector& centre : centres_) centres.push_back(packed(centre));
    return core::canonical({{"form", "scale traffic profile 2"},
                            {"frequencies", frequencies_.to_json()},
                            {"centres", centres},
                            {"topics", topic_names_},
                            {"systems", systems_},
                            {"reference", reference}});
}

TrafficProfile TrafficProfile::from_json(std::string_view text, const std::string& source) {
    const Json json = core::parse_json(text, source);
    if (json.value("form", "") != "scale traffic profile 2")
        throw core::input_error(source + " is not a traffic profile", "form 'scale traffic profile 2'",
                                "scale assemble writes one");
    TrafficProfile profile;
    try {
        profile.frequencies_ = DocumentFrequencies::from_json(json.at("frequencies"));
        for (const Json& centre : json.at("centres"))
            profile.centres_.push_back(unpacked(centre.get<std::string>(), source));
        profile.topic_names_ = json.at("topics").get<std::vector<std::string>>();
        profile.systems_ = json.at("systems").get<std::vector<std::string>>();
        for (const Json& row : json.at("reference")) {
            Observation observation;
            observation.group = row.at(0).get<std::string>();
            observation.category = row.at(1).get<std::array<int, share_dimensions>>();
            observation.content = content_from_json(row.at(2));
            profile.reference_.push_back(observation);
        }
    } catch (const nlohmann::json::exception& failure) {
        throw core::input_error(source + ": " + failure.what(), "a traffic profile", "scale assemble writes one");
    }
    for (const Observation& observation : profile.reference_)
        for (std::size_t d = 0; d < share_dimensions; ++d)
            if (observation.category[d] < 0 ||
                observation.category[d] >= static_cast<int>(profile.categories(d).size()))
                throw core::input_error(source + ": a category that the profile does not name");
    return profile;
}

}  // namespace scale::calibration
