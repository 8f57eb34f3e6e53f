// What the traffic looked like when a calibration set was drawn: what scale assemble --check compares new traffic with.
//
// The requests are parted by conversation. One part fits what needs fitting (how frequent words are, the centres of the
// topics, the usual system prompts); the other is kept as observations under those, as new traffic will be. So both
// sides of a comparison are equally foreign to what was fitted, and unchanged traffic looks unchanged. Only codes and
// hashed features of redacted texts are kept, no text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "calibration/topics.h"
#include "calibration/traffic_index.h"
#include "core/json.h"

namespace scale::calibration {

inline constexpr std::size_t fitted_requests = 10000;
inline constexpr std::size_t reference_requests = 4000;
inline constexpr std::size_t checked_requests = 8000;  // of a new log, at most

// A request as it is looked at.
struct Sighting {
    std::string group;   // its conversation (split.h)
    std::string text;    // what the user wrote
    std::string system;  // hash of its system message, "" for none
    int format = 0;
    int script = 0;
    int length = 0;
};
Sighting sighting_of(const IndexedRequest& entry, const std::string& group, const Request& request);

inline constexpr std::size_t share_dimensions = 5;
inline constexpr std::array<const char*, share_dimensions> dimension_names{"format", "script", "length", "topic",
                                                                           "system prompt"};

struct Observation {
    std::string group;
    std::array<int, share_dimensions> category{};  // in the order of dimension_names
    ContentVector content;                         // of what the user wrote
};

class TrafficProfile {
  public:
    // Parts the sightings by a seeded hash of their groups.
    static TrafficProfile fit(const std::vector<Sighting>& sightings, std::uint64_t seed);

    Observation observe(const Sighting& sighting) const;
    const std::vector<Observation>& reference() const { return reference_; }
    std::vector<std::string> categories(std::size_t dimension) const;  // names

    std::string to_json() const;  // canonical bytes
    // Throws an input error naming `source` where the text is not a profile.
    static TrafficProfile from_json(std::string_view text, const std::string& source);

  private:
    int system_category(const std::string& system) const;

    DocumentFrequencies frequencies_;
    std::vector<TopicVector> centres_;
    std::vector<std::string> topic_names_;
    std::vector<std::string> systems_;  // hashes of the most frequent, at most 7
    std::vector<Observation> reference_;
};

}  // namespace scale::calibration
