#include "model/gguf_metadata.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"

namespace scale::model {

namespace {

// An empty text, a type and a one-byte value.
constexpr std::uint64_t smallest_pair = 8 + 4 + 1;

constexpr const char* alignment_key = "general.alignment";

// Bytes of one element; 0 for texts and for what is no element type.
std::uint64_t element_bytes(std::uint32_t type) {
    using namespace gguf_type;
    switch (type) {
        case uint8:
        case int8:
        case boolean:
            return 1;
        case uint16:
        case int16:
            return 2;
        case uint32:
        case int32:
        case float32:
            return 4;
        case uint64:
        case int64:
        case float64:
            return 8;
        default:
            return 0;
    }
}

std::span<const std::byte> take_text_array(ByteReader& reader, std::uint64_t count, const std::string& what) {
    if (count > reader.remaining() / 8)
        reader.fail(fmt::format("{} claims {} texts", what, count),
                    fmt::format("at most {}, which is what the remaining bytes can hold", reader.remaining() / 8));
    ByteReader scan = reader;
    for (std::uint64_t i = 0; i < count; ++i) scan.take_text(what);
    return reader.take_bytes(scan.offset() - reader.offset(), what);
}

GgufArray take_array(ByteReader& reader, const std::string& what) {
    GgufArray array;
    array.element_type = reader.take<std::uint32_t>(what);
    array.count = reader.take<std::uint64_t>(what);
    if (array.element_type == gguf_type::array) reader.fail(what + " is an array of arrays", "a flat array");
    if (array.element_type == gguf_type::text) {
        array.bytes = take_text_array(reader, array.count, what);
        return array;
    }
    const std::uint64_t each = element_bytes(array.element_type);
    if (each == 0)
        reader.fail(fmt::format("{} has elements of type {}", what, array.element_type), "a value type from 0 to 12");
    if (array.count > reader.remaining() / each)
        reader.fail(fmt::format("{} claims {} elements of {} bytes", what, array.count, each),
                    fmt::format("at most {}, which is what the remaining bytes can hold", reader.remaining() / each));
    array.bytes = reader.take_bytes(array.count * each, what);
    const auto is_boolean = [](std::byte value) { return value == std::byte{0} || value == std::byte{1}; };
    if (array.element_type == gguf_type::boolean && !std::all_of(array.bytes.begin(), array.bytes.end(), is_boolean))
        reader.fail(what + " has a boolean other than 0 or 1", "0 or 1");
    return array;
}

bool take_boolean(ByteReader& reader, const std::string& what) {
    const auto value = reader.take<std::uint8_t>(what);
    if (value > 1) reader.fail(fmt::format("{} is the boolean {}", what, value), "0 or 1");
    return value == 1;
}

std::string take_value_text(ByteReader& reader, const std::string& what) {
    const std::string_view text = reader.take_text(what);
    if (!core::is_valid_utf8(text)) reader.fail(what + " is not UTF-8", "UTF-8 text");
    return std::string(text);
}

GgufValue take_value(ByteReader& reader, std::uint32_t type, const std::string& what) {
    using std::int64_t, std::uint64_t;
    switch (type) {
        case gguf_type::uint8:
            return uint64_t{reader.take<std::uint8_t>(what)};
        case gguf_type::int8:
            return int64_t{reader.take<std::int8_t>(what)};
        case gguf_type::uint16:
            return uint64_t{reader.take<std::uint16_t>(what)};
        case gguf_type::int16:
            return int64_t{reader.take<std::int16_t>(what)};
        case gguf_type::uint32:
            return uint64_t{reader.take<std::uint32_t>(what)};
        case gguf_type::int32:
            return int64_t{reader.take<std::int32_t>(what)};
        case gguf_type::float32:
            return double{reader.take<float>(what)};
        case gguf_type::boolean:
            return take_boolean(reader, what);
        case gguf_type::text:
            return take_value_text(reader, what);
        case gguf_type::array:
            return take_array(reader, what);
        case gguf_type::uint64:
            return reader.take<uint64_t>(what);
        case gguf_type::int64:
            return reader.take<int64_t>(what);
        case gguf_type::float64:
            return reader.take<double>(what);
        default:
            reader.fail(fmt::format("{} has the unknown type {}", what, type), "a value type from 0 to 12");
    }
}

}  // namespace

bool is_usable_name(std::string_view name) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !name.empty() && core::is_valid_utf8(name) && std::none_of(name.begin(), name.end(), is_control);
}

std::string shown(std::string_view name) {
    std::string text(name.substr(0, 64));
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return "'" + text + (name.size() > 64 ? "…'" : "'");
}

GgufMetadata read_metadata(ByteReader& reader, std::uint64_t count) {
    if (count > reader.remaining() / smallest_pair)
        reader.fail(
            fmt::format("the header claims {} metadata pairs", count),
            fmt::format("at most {}, which is what the remaining bytes can hold", reader.remaining() / smallest_pair));
    GgufMetadata metadata;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string_view key = reader.take_text(fmt::format("the key of metadata pair {}", i));
        if (!is_usable_name(key))
            reader.fail(fmt::format("metadata pair {} has the key {}", i, shown(key)), "a printable UTF-8 name");
        const std::string what = "metadata " + shown(key);
        const auto type = reader.take<std::uint32_t>(what);
        if (key == alignment_key && type != gguf_type::uint32)
            reader.fail(fmt::format("{} has value type {}", what, type), "type 4 (a 32-bit unsigned integer)");
        GgufValue value = take_value(reader, type, what);
        if (!metadata.emplace(std::string(key), std::move(value)).second)
            reader.fail(what + " occurs twice", "every key once");
    }
    return metadata;
}

}  // namespace scale::model
