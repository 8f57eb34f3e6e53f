#include "model/safetensors/header_events.h"

#include <fmt/format.h>

#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

constexpr const char* metadata_name = "__metadata__";
constexpr std::size_t longest_name = 1024;
constexpr std::size_t most_dimensions = 16;

}  // namespace

bool HeaderEvents::fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
    return false;
}

std::string HeaderEvents::where() const {
    if (state_ == State::start || state_ == State::end) return "the place of the whole header";
    if (state_ == State::names) return name_.empty() ? "the header" : "the place of tensor " + shown(name_);
    if (state_ == State::metadata) return "__metadata__ " + shown(field_);
    return shown(field_) + " of tensor " + shown(name_);
}

bool HeaderEvents::start_object(std::size_t) {
    if (state_ == State::start) {
        state_ = State::names;
        return true;
    }
    if (state_ != State::names) return fail("an object in " + where());
    if (name_ == metadata_name) {
        state_ = State::metadata;
    } else {
        state_ = State::entry;
        entries_.push_back({name_, {}, {}, {}});
    }
    field_.clear();
    return true;
}

bool HeaderEvents::end_object() {
    if (state_ == State::names) {
        state_ = State::end;
        return true;
    }
    if (state_ == State::entry) {
        const HeaderEntry& entry = entries_.back();
        const char* missing = !entry.type      ? "dtype"
                              : !entry.shape   ? "shape"
                              : !entry.offsets ? "data_offsets"
                                               : nullptr;
        if (missing) return fail(fmt::format("tensor {} has no {}", shown(name_), missing));
    }
    name_.clear();
    state_ = State::names;
    return true;
}

bool HeaderEvents::key(std::string& name) {
    if (state_ == State::names) {
        if (name != metadata_name && !is_usable_name(name))
            return fail(fmt::format("a tensor has the name {}", shown(name)));
        if (name.size() > longest_name)
            return fail(fmt::format("a tensor has a name of {} bytes; at most {}", name.size(), longest_name));
        if (!names_.insert(name).second) return fail(fmt::format("{} occurs twice", shown(name)));
        name_ = name;
        return true;
    }
    field_ = name;
    if (state_ == State::metadata) {
        if (metadata_.contains(name)) return fail(fmt::format("__metadata__ {} occurs twice", shown(name)));
        return true;
    }
    const HeaderEntry& entry = entries_.back();
    const bool known = name == "dtype" || name == "shape" || name == "data_offsets";
    if (!known) return fail(fmt::format("tensor {} has the unknown field {}", shown(name_), shown(name)));
    if ((name == "dtype" && entry.type) || (name == "shape" && entry.shape) ||
        (name == "data_offsets" && entry.offsets))
        return fail(fmt::format("{} occurs twice", where()));
    return true;
}

bool HeaderEvents::string(std::string& text) {
    if (state_ == State::metadata) {
        metadata_.emplace(field_, text);
        return true;
    }
    if (state_ != State::entry || field_ != "dtype") return fail("a text in " + where());
    entries_.back().type = text;
    return true;
}

bool HeaderEvents::start_array(std::size_t) {
    if (state_ != State::entry || field_ == "dtype") return fail("an array in " + where());
    HeaderEntry& entry = entries_.back();
    numbers_ = field_ == "shape" ? &entry.shape.emplace() : &entry.offsets.emplace();
    state_ = State::array;
    return true;
}

bool HeaderEvents::end_array() {
    if (field_ == "data_offsets" && numbers_->size() != 2)
        return fail(fmt::format("{} numbers in {}; 2 are needed", numbers_->size(), where()));
    numbers_ = nullptr;
    state_ = State::entry;
    return true;
}

bool HeaderEvents::number_unsigned(std::uint64_t value) {
    if (state_ != State::array) return fail("a number in " + where());
    if (numbers_->size() == most_dimensions)
        return fail(fmt::format("more than {} numbers in {}", most_dimensions, where()));
    numbers_->push_back(value);
    return true;
}

bool HeaderEvents::parse_error(std::size_t byte, const std::string&, const Json::exception& failure) {
    std::string what = failure.what();
    if (const auto colon = what.rfind(": "); colon != std::string::npos && colon + 2 < what.size())
        what = what.substr(colon + 2);
    return fail(fmt::format("the header is not valid JSON at byte {} ({})", byte, what.substr(0, 120)));
}

}  // namespace scale::model
