// Reads the header's JSON event by event: what has no place in a header ends the reading at once, so that neither depth
// nor length of hostile JSON costs more than its own bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace scale::model {

struct HeaderEntry {
    std::string name;
    std::optional<std::string> type;
    std::optional<std::vector<std::uint64_t>> shape;
    std::optional<std::vector<std::uint64_t>> offsets;
};

// A handler for nlohmann::json::sax_parse. After it returned false, `fault()` says why.
class HeaderEvents {
  public:
    using Json = nlohmann::json;

    const std::string& fault() const { return fault_; }
    std::vector<HeaderEntry>& entries() { return entries_; }
    std::map<std::string, std::string>& metadata() { return metadata_; }

    bool start_object(std::size_t);
    bool end_object();
    bool key(std::string& name);
    bool string(std::string& text);
    bool start_array(std::size_t);
    bool end_array();
    bool number_unsigned(std::uint64_t value);

    bool number_integer(std::int64_t) { return fail("a negative number in " + where()); }
    bool number_float(double, const std::string&) { return fail("a fraction in " + where()); }
    bool null() { return fail("null in " + where()); }
    bool boolean(bool) { return fail("a boolean in " + where()); }
    bool binary(Json::binary_t&) { return fail("binary data in " + where()); }
    bool parse_error(std::size_t byte, const std::string&, const Json::exception&);

  private:
    enum class State { start, names, entry, metadata, array, end };

    bool fail(std::string what);
    std::string where() const;

    State state_ = State::start;
    std::string name_;   // of the entry
    std::string field_;  // of the entry or of the metadata
    std::set<std::string> names_;
    std::vector<HeaderEntry> entries_;
    std::map<std::string, std::string> metadata_;
    std::vector<std::uint64_t>* numbers_ = nullptr;
    std::string fault_;
};

}  // namespace scale::model
