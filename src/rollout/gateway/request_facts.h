// What the gateway reads out of a request's body; everything else passes through unseen.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace scale::rollout {

struct RequestFacts {
    std::string model;  // "" where the body names none
    bool stream = false;
    std::string user;
    std::string safety_identifier;
    std::string session;  // metadata.session_id, or conversation (a string, or an object with an id)
};

struct ReadFacts {
    std::optional<RequestFacts> facts;
    std::string error;  // why there are none, for the client
    std::string param;  // the member at fault, "" where it is the body as a whole
};

// The body must be one JSON object, nested at most 64 deep; members that we read must have their type and appear once.
// No tree is built, so memory does not grow with the body.
ReadFacts read_facts(std::string_view body);

// Where the value of a top-level member stands in a valid JSON object: offset and length.
std::optional<std::pair<std::size_t, std::size_t>> find_member(std::string_view object, std::string_view key);

// The object with its "model" set to another name; all other bytes stay as they are.
std::string with_model(std::string_view object, std::string_view model);

}  // namespace scale::rollout
