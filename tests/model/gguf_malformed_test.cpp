// Every way in which a GGUF file can be wrong, with what the error must say.
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "model/gguf.h"
#include "support/gguf_builder.h"

namespace scale::model {
namespace {

using test::as_bytes;
using test::GgufBuilder;
using test::raw;
using test::raw_text;
using test::small_metadata;
using test::small_model;

struct Malformed {
    const char* name;
    std::function<std::string()> make;
    const char* fragment;  // of the error's `found`
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
    *out << malformed.name;
}

std::string with(const std::function<void(GgufBuilder&)>& change) {
    GgufBuilder builder = small_model();
    change(builder);
    return builder.build();
}

std::string with_tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
                        std::uint64_t bytes, std::optional<std::uint64_t> offset = {}) {
    return with([&](GgufBuilder& builder) { builder.tensor(name, type, shape, bytes, offset); });
}

std::string with_pair(std::string_view key, std::uint32_t type, const std::string& value) {
    return with([&](GgufBuilder& builder) { builder.pair(key, type, value); });
}

constexpr std::uint64_t huge = ~std::uint64_t{0};
constexpr std::uint64_t half = std::uint64_t{1} << 32;

const std::vector<Malformed> cases{
    {"empty", [] { return std::string(); }, "the file is empty"},
    {"three_bytes", [] { return std::string("GGU"); }, "inside the magic number"},
    {"html_page", [] { return std::string("<!DOCTYPE html><html>"); }, "not a GGUF file"},
    {"old_magic", [] { return with([](GgufBuilder& b) { b.magic = "lmgg"; }); }, "starts with 'lmgg'"},
    {"unprintable_magic", [] { return with([](GgufBuilder& b) { b.magic = std::string("\0\xff\n\x1b", 4); }); },
     "starts with '\?\?\?\?'"},
    {"version_0", [] { return with([](GgufBuilder& b) { b.version = 0; }); }, "GGUF version 0"},
    {"version_1", [] { return with([](GgufBuilder& b) { b.version = 1; }); }, "GGUF version 1"},
    {"version_4", [] { return with([](GgufBuilder& b) { b.version = 4; }); }, "GGUF version 4"},
    {"big_endian", [] { return with([](GgufBuilder& b) { b.version = 0x03000000; }); }, "big-endian"},
    {"tensor_count_huge", [] { return with([](GgufBuilder& b) { b.claimed_tensors = huge; }); }, "tensors"},
    {"tensor_count_one_more", [] { return with([](GgufBuilder& b) { b.claimed_tensors = 4; }); }, "tensor 3"},
    {"pair_count_huge", [] { return with([](GgufBuilder& b) { b.claimed_pairs = huge; }); }, "metadata pairs"},
    {"pair_count_one_more", [] { return with([](GgufBuilder& b) { b.claimed_pairs = 13; }); },
     "inside the name of tensor 0"},
    {"pair_count_one_less", [] { return with([](GgufBuilder& b) { b.claimed_pairs = 11; }); }, "dimensions"},

    {"key_empty", [] { return with_pair("", 4, raw(1u)); }, "has the key ''"},
    {"key_not_utf8", [] { return with_pair("a\xc3", 4, raw(1u)); }, "has the key 'a?'"},
    {"key_with_zero", [] { return with_pair(std::string_view("a\0b", 3), 4, raw(1u)); }, "has the key 'a?b'"},
    {"key_twice", [] { return with_pair("general.name", 8, raw_text("b")); }, "'general.name' occurs twice"},
    {"key_longer_than_file",
     [] { return with([](GgufBuilder& b) { b.pair("x", 4, raw(1u) + raw(huge)), b.claimed_pairs = 14; }); },
     "inside the key of metadata pair 13"},
    {"value_type_13", [] { return with_pair("x", 13, raw(1u)); }, "unknown type 13"},
    {"value_type_huge", [] { return with_pair("x", 0xffffffff, raw(1u)); }, "unknown type 4294967295"},
    {"text_longer_than_file", [] { return with_pair("x", 8, raw(huge)); }, "inside metadata 'x'"},
    {"text_not_utf8", [] { return with_pair("x", 8, raw_text("\xff")); }, "'x' is not UTF-8"},
    {"boolean_2", [] { return with_pair("x", 7, raw(std::uint8_t{2})); }, "the boolean 2"},
    {"array_of_arrays", [] { return with_pair("x", 9, raw(9u) + raw(std::uint64_t{0})); }, "array of arrays"},
    {"array_type_unknown", [] { return with_pair("x", 9, raw(77u) + raw(std::uint64_t{0})); }, "elements of type 77"},
    {"array_longer_than_file", [] { return with_pair("x", 9, raw(4u) + raw(half)); }, "claims 4294967296 elements"},
    {"array_size_overflows", [] { return with_pair("x", 9, raw(10u) + raw(huge / 8 + 2)); }, "elements of 8 bytes"},
    {"texts_longer_than_file", [] { return with_pair("x", 9, raw(8u) + raw(half)); }, "claims 4294967296 texts"},
    {"text_in_array_longer_than_file", [] { return with_pair("x", 9, raw(8u) + raw(std::uint64_t{1}) + raw(huge)); },
     "inside metadata 'x'"},
    {"boolean_array_with_3", [] { return with_pair("x", 9, raw(7u) + raw(std::uint64_t{2}) + "\1\3"); },
     "boolean other than 0 or 1"},

    {"alignment_0", [] { return with_pair("general.alignment", 4, raw(0u)); }, "general.alignment is 0"},
    {"alignment_4", [] { return with_pair("general.alignment", 4, raw(4u)); }, "general.alignment is 4"},
    {"alignment_48", [] { return with_pair("general.alignment", 4, raw(48u)); }, "general.alignment is 48"},
    {"alignment_past_end", [] { return with_pair("general.alignment", 4, raw(0x80000000u)); }, "past the end"},
    {"alignment_64_bits", [] { return with_pair("general.alignment", 10, raw(std::uint64_t{32})); }, "value type 10"},
    {"alignment_text", [] { return with_pair("general.alignment", 8, raw_text("32")); }, "value type 8"},
    {"split", [] { return with_pair("split.count", 2, raw(std::uint16_t{3})); }, "one of 3 parts"},

    {"name_empty", [] { return with_tensor("", 0, {1}, 4); }, "tensor 3 has the name ''"},
    {"name_not_utf8", [] { return with_tensor("a\xff", 0, {1}, 4); }, "tensor 3 has the name 'a?'"},
    {"name_with_newline", [] { return with_tensor("a\nb", 0, {1}, 4); }, "tensor 3 has the name 'a?b'"},
    {"name_of_64_bytes", [] { return with_tensor(std::string(64, 'n'), 0, {1}, 4); }, "a name of 64 bytes"},
    {"name_twice", [] { return with_tensor("output_norm.weight", 0, {1}, 4); }, "'output_norm.weight' occurs twice"},
    {"no_dimensions", [] { return with_tensor("x", 0, {}, 4); }, "has 0 dimensions"},
    {"five_dimensions",
     [] {
         return with_tensor("x", 0, {1, 1, 1, 1, 1}, 4);
     },
     "has 5 dimensions"},
    {"dimension_0",
     [] {
         return with_tensor("x", 0, {4, 0}, 4);
     },
     "dimension 1 of tensor 'x' is 0"},
    {"shape_overflows",
     [] {
         return with_tensor("x", 0, {half, half}, 4);
     },
     "more than 2^63 elements"},
    {"shape_wraps_to_small",
     [] {
         return with_tensor("x", 0, {half, half, 1, 4}, 4);
     },
     "more than 2^63 elements"},
    {"dimension_negative", [] { return with_tensor("x", 0, {huge}, 4); }, "more than 2^63 elements"},
    {"bytes_overflow", [] { return with_tensor("x", 0, {std::uint64_t{1} << 62}, 4); }, "more than 2^63 bytes"},
    {"type_withdrawn", [] { return with_tensor("x", 4, {32}, 18); }, "unknown type 4"},
    {"type_huge", [] { return with_tensor("x", 0xffffffff, {32}, 4); }, "unknown type 4294967295"},
    {"row_no_multiple_of_block",
     [] {
         return with_tensor("x", 12, {64, 4}, 144);
     },
     "rows of 64 weights"},
    {"offset_misaligned", [] { return with_tensor("x", 0, {1}, 4, 1000); }, "starts at 1000"},
    {"offset_overlaps", [] { return with_tensor("x", 0, {1}, 4, 0); }, "overlaps"},
    {"offset_leaves_gap", [] { return with_tensor("x", 0, {1}, 4, 4096); }, "leaves a gap"},
    {"offset_huge", [] { return with_tensor("x", 0, {1}, 4, huge - 31); }, "leaves a gap"},
    {"tensor_past_end", [] { return with_tensor("x", 0, {2}, 4); }, "past the end of the file"},
    {"tensor_far_past_end", [] { return with_tensor("x", 0, {std::uint64_t{1} << 60}, 4); },
     "past the end of the file"},
};

class GgufMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(GgufMalformed, IsRefusedWithItsReason) {
    const std::string bytes = GetParam().make();
    try {
        const GgufFile file(as_bytes(bytes), "bad.gguf");
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        EXPECT_THAT(error.found(), testing::StartsWith("bad.gguf: "));
        EXPECT_THAT(error.found(), testing::HasSubstr(GetParam().fragment));
        EXPECT_FALSE(error.expected().empty());
        EXPECT_FALSE(error.next().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, GgufMalformed, testing::ValuesIn(cases),
                         [](const auto& instance) { return std::string(instance.param.name); });

// Cut anywhere, the file is refused: nothing in it is optional.
TEST(GgufTruncated, IsRefusedAtEveryLength) {
    const std::string whole = small_model().build();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::string cut = whole.substr(0, length);
        EXPECT_THROW(GgufFile(as_bytes(cut), "cut.gguf"), core::Error) << length;
    }
    EXPECT_NO_THROW(GgufFile(as_bytes(whole), "whole.gguf"));
}

TEST(GgufPath, ErrorsNameThePath) {
    const core::TemporaryFolder folder;
    const auto path = folder.path() / "bad.gguf";
    core::write_file_atomic(path, "GGUF");
    EXPECT_THAT([&] { GgufFile file(path); }, testing::Throws<core::Error>(testing::Property(
                                                  &core::Error::found, testing::HasSubstr(path.string()))));
    EXPECT_THROW(GgufFile(folder.path() / "missing.gguf"), core::Error);
    EXPECT_THROW(GgufFile(folder.path()), core::Error);
}

}  // namespace
}  // namespace scale::model
