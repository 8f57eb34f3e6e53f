#include "quality/json_schema/assertions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <re2/re2.h>

#include "core/error.h"

namespace scale::quality {
namespace {

using core::Json;

bool is_type(const Json& instance, const std::string& type) {
    if (type == "integer")
        return instance.is_number_integer() ||
               (instance.is_number_float() && std::floor(instance.get<double>()) == instance.get<double>());
    if (type == "number") return instance.is_number();
    if (type == "string") return instance.is_string();
    if (type == "boolean") return instance.is_boolean();
    if (type == "object") return instance.is_object();
    if (type == "array") return instance.is_array();
    return type == "null" && instance.is_null();
}

bool right_type(const Json& wanted, const Json& instance) {
    if (wanted.is_string()) return is_type(instance, wanted.get<std::string>());
    return std::any_of(wanted.begin(), wanted.end(), [&](const Json& type) {
        return type.is_string() && is_type(instance, type.get<std::string>());
    });
}

bool multiple_of(const Json& instance, const Json& divisor) {
    if (instance.is_number_integer() && divisor.is_number_integer())
        return divisor.get<std::int64_t>() != 0 && instance.get<std::int64_t>() % divisor.get<std::int64_t>() == 0;
    const double quotient = instance.get<double>() / divisor.get<double>();
    // Decimal fractions have no exact binary form: whole within what rounding of both may do.
    return std::isfinite(quotient) &&
           std::abs(quotient - std::round(quotient)) <= 4e-16 * std::max(1.0, std::abs(quotient));
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool unique(const Json& array) {
    for (std::size_t i = 0; i < array.size(); ++i)
        for (std::size_t j = i + 1; j < array.size(); ++j)
            if (array[i] == array[j]) return false;
    return true;
}

bool has_all(const Json& instance, const Json& names) {
    return std::all_of(names.begin(), names.end(),
                       [&](const Json& name) { return instance.contains(name.get<std::string>()); });
}

bool dependents_there(const Json& instance, const Json& rules) {
    for (const auto& [name, needed] : rules.items())
        if (instance.contains(name) && !has_all(instance, needed)) return false;
    return true;
}

double limit(const Json& value) {
    return value.get<double>();
}

struct Assertion {
    const char* keyword;
    bool (*applies)(const Json& instance);
    bool (*holds)(const Json& instance, const Json& value);
};

bool any(const Json&) {
    return true;
}
bool number(const Json& instance) {
    return instance.is_number();
}
bool text(const Json& instance) {
    return instance.is_string();
}
bool array(const Json& instance) {
    return instance.is_array();
}
bool object(const Json& instance) {
    return instance.is_object();
}

constexpr std::array assertions{
    Assertion{"type", any, [](const Json& i, const Json& v) { return right_type(v, i); }},
    Assertion{"const", any, [](const Json& i, const Json& v) { return i == v; }},
    Assertion{"enum", any, [](const Json& i, const Json& v) { return std::find(v.begin(), v.end(), i) != v.end(); }},
    Assertion{"multipleOf", number, multiple_of},
    Assertion{"maximum", number, [](const Json& i, const Json& v) { return i <= v; }},
    Assertion{"exclusiveMaximum", number, [](const Json& i, const Json& v) { return i < v; }},
    Assertion{"minimum", number, [](const Json& i, const Json& v) { return i >= v; }},
    Assertion{"exclusiveMinimum", number, [](const Json& i, const Json& v) { return i > v; }},
    Assertion{"maxLength", text,
              [](const Json& i, const Json& v) {
                  return static_cast<double>(characters(i.get_ref<const std::string&>())) <= limit(v);
              }},
    Assertion{"minLength", text,
              [](const Json& i, const Json& v) {
                  return static_cast<double>(characters(i.get_ref<const std::string&>())) >= limit(v);
              }},
    Assertion{"pattern", text,
              [](const Json& i, const Json& v) {
                  return re2::RE2::PartialMatch(i.get_ref<const std::string&>(), pattern_of(v.get<std::string>()));
              }},
    Assertion{"maxItems", array,
              [](const Json& i, const Json& v) { return static_cast<double>(i.size()) <= limit(v); }},
    Assertion{"minItems", array,
              [](const Json& i, const Json& v) { return static_cast<double>(i.size()) >= limit(v); }},
    Assertion{"uniqueItems", array, [](const Json& i, const Json& v) { return v != Json(true) || unique(i); }},
    Assertion{"maxProperties", object,
              [](const Json& i, const Json& v) { return static_cast<double>(i.size()) <= limit(v); }},
    Assertion{"minProperties", object,
              [](const Json& i, const Json& v) { return static_cast<double>(i.size()) >= limit(v); }},
    Assertion{"required", object, has_all},
    Assertion{"dependentRequired", object, dependents_there}};

// RE2 knows the short names of Unicode's categories only.
std::string with_short_categories(std::string pattern) {
    for (const auto& [name, category] : {std::pair{"{Letter}", "{L}"},
                                         {"{Lowercase_Letter}", "{Ll}"},
                                         {"{Uppercase_Letter}", "{Lu}"},
                                         {"{Number}", "{N}"},
                                         {"{Decimal_Number}", "{Nd}"},
                                         {"{digit}", "{Nd}"},
                                         {"{Punctuation}", "{P}"}})
        for (std::size_t at = 0; (at = pattern.find(name, at)) != std::string::npos;)
            pattern.replace(at, std::string_view(name).size(), category);
    return pattern;
}

}  // namespace

std::string broken_assertion(const Json& schema, const Json& instance) {
    for (const Assertion& assertion : assertions) {
        const auto value = schema.find(assertion.keyword);
        if (value == schema.end() || !assertion.applies(instance)) continue;
        if (!assertion.holds(instance, *value)) return assertion.keyword;
    }
    return {};
}

const re2::RE2& pattern_of(const std::string& pattern) {
    thread_local std::map<std::string, std::unique_ptr<re2::RE2>> compiled;
    auto& entry = compiled[pattern];
    if (!entry) {
        re2::RE2::Options options;
        options.set_log_errors(false);
        entry = std::make_unique<re2::RE2>(with_short_categories(pattern), options);
    }
    if (!entry->ok())
        throw core::input_error("the schema's pattern '" + pattern + "' cannot be used: " + entry->error(),
                                "a regular expression without look-around and back-references");
    return *entry;
}

}  // namespace scale::quality
