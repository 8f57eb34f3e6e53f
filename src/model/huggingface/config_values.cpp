#include "model/huggingface/config_values.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"

namespace scale::model {

namespace {

constexpr const char* by_converter = "convert it with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead";

std::string brief(const core::Json& value) {
    const std::string text = value.dump(-1, ' ', true, core::Json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 60) + "…";
}

}  // namespace

ConfigValues::ConfigValues(const core::Json& values, std::string source) : values_(values), source_(std::move(source)) {
    if (!values_.is_object()) refuse(brief(values_), "an object");
}

bool ConfigValues::has(std::string_view key) const {
    const auto found = values_.find(key);
    return found != values_.end() && !found->is_null();
}

const core::Json& ConfigValues::at(std::string_view key) const {
    if (!has(key)) refuse(fmt::format("{} is missing", key), "a whole config.json", "copy the file again");
    return *values_.find(key);
}

std::uint64_t ConfigValues::count(std::string_view key, std::uint64_t most) const {
    const core::Json& value = at(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0 || value.get<std::uint64_t>() > most)
        refuse(fmt::format("{} is {}", key, brief(value)), fmt::format("a whole number from 1 to {}", most));
    return value.get<std::uint64_t>();
}

std::uint64_t ConfigValues::count_or(std::string_view key, std::uint64_t most, std::uint64_t fallback) const {
    return has(key) ? count(key, most) : fallback;
}

double ConfigValues::positive(std::string_view key) const {
    const core::Json& value = at(key);
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() <= 0)
        refuse(fmt::format("{} is {}", key, brief(value)), "a number above 0");
    return value.get<double>();
}

double ConfigValues::positive_or(std::string_view key, double fallback) const {
    return has(key) ? positive(key) : fallback;
}

bool ConfigValues::flag_or(std::string_view key, bool fallback) const {
    if (!has(key)) return fallback;
    const core::Json& value = at(key);
    if (!value.is_boolean()) refuse(fmt::format("{} is {}", key, brief(value)), "true or false");
    return value.get<bool>();
}

std::string ConfigValues::text_or(std::string_view key, const std::string& fallback) const {
    if (!has(key)) return fallback;
    const core::Json& value = at(key);
    if (!value.is_string()) refuse(fmt::format("{} is {}", key, brief(value)), "a text");
    return value.get<std::string>();
}

std::vector<double> ConfigValues::positives(std::string_view key, std::size_t most) const {
    const core::Json& value = at(key);
    if (!value.is_array() || value.size() > most)
        refuse(fmt::format("{} is {}", key, brief(value)), fmt::format("a list of at most {} numbers", most));
    std::vector<double> numbers;
    for (const core::Json& number : value) {
        if (!number.is_number() || !std::isfinite(number.get<double>()) || number.get<double>() <= 0)
            refuse(fmt::format("{} holds {}", key, brief(number)), "numbers above 0");
        numbers.push_back(number.get<double>());
    }
    return numbers;
}

void ConfigValues::refuse(const std::string& found, const std::string& expected, const std::string& next) const {
    throw core::input_error(fmt::format("{}: {}", source_, found), expected, next.empty() ? by_converter : next);
}

core::Json read_json_file(const std::filesystem::path& file, std::uint64_t limit) {
    return core::parse_json(core::read_file(file, limit), file.string());
}

}  // namespace scale::model
