// Every way in which a safetensors file can be wrong, with what the error must say.
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/safetensors/safetensors.h"
#include "support/gguf_builder.h"
#include "support/safetensors_builder.h"

namespace scale::model {
namespace {

using test::as_bytes;
using test::SafetensorsBuilder;
using test::small_safetensors;

struct Malformed {
    const char* name;
    std::function<std::string()> make;
    const char* fragment;  // of the error's `found`
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
    *out << malformed.name;
}

std::string claiming(std::uint64_t length) {
    SafetensorsBuilder builder = small_safetensors();
    builder.claimed_header = length;
    return builder.build();
}

std::string header(const std::string& json) {
    return SafetensorsBuilder().with_header(json);
}

// A header of one entry with these members.
std::string entry(const std::string& members) {
    return header("{\"x\":{" + members + "}}");
}

std::string entry_with(const std::string& dtype, const std::string& shape, const std::string& offsets,
                       std::size_t data = 4) {
    return SafetensorsBuilder().entry("x", dtype, shape, offsets).data(std::string(data, 'd')).build();
}

std::string deep(std::size_t levels) {
    return header("{\"x\":" + std::string(levels, '[') + std::string(levels, ']') + "}");
}

const std::vector<Malformed> cases{
    {"empty", [] { return std::string(); }, "inside the length of the header"},
    {"seven_bytes", [] { return std::string(7, '\1'); }, "inside the length of the header"},
    {"header_longer_than_file", [] { return claiming(1000); }, "claims 1000 bytes"},
    {"header_of_exabytes", [] { return claiming(~std::uint64_t{0}); }, "claims 18446744073709551615 bytes"},
    {"header_over_the_limit", [] { return std::string("\1\xe1\xf5\5\0\0\0\0{", 9) + std::string(100'000'001, ' '); },
     "claims 100000001 bytes"},
    {"header_empty", [] { return header(""); }, "does not start with '{'"},
    {"gguf_file", [] { return test::small_model().build(); }, "claims"},
    {"html_page", [] { return header("<!DOCTYPE html>"); }, "does not start with '{'"},
    {"header_cut", [] { return header("{\"x\":{\"dtype\":\"F32\""); }, "not valid JSON"},
    {"header_with_tail", [] { return header("{}{}"); }, "not valid JSON"},
    {"header_not_utf8", [] { return header("{\"a\xff\":{}}"); }, "not valid JSON"},
    {"header_a_million_deep", [] { return deep(1'000'000); }, "an array in the place of tensor 'x'"},
    {"objects_a_million_deep",
     [] {
         std::string json;
         for (int i = 0; i < 1'000'000; ++i) json += "{\"x\":";
         return header(json);
     },
     "unknown field 'x'"},
    {"entry_is_number", [] { return header("{\"x\":3}"); }, "a number in the place of tensor 'x'"},
    {"entry_is_null", [] { return header("{\"x\":null}"); }, "null in the place of tensor 'x'"},
    {"entry_is_text", [] { return header("{\"x\":\"y\"}"); }, "a text in the place of tensor 'x'"},
    {"entry_empty", [] { return entry(""); }, "has no dtype"},
    {"no_shape", [] { return entry(R"("dtype":"F32","data_offsets":[0,0])"); }, "has no shape"},
    {"no_offsets", [] { return entry(R"("dtype":"F32","shape":[0])"); }, "has no data_offsets"},
    {"field_unknown", [] { return entry(R"("dtype":"F32","shape":[0],"data_offsets":[0,0],"strides":[1])"); },
     "unknown field 'strides'"},
    {"field_twice", [] { return entry(R"("dtype":"F32","shape":[0],"shape":[1],"data_offsets":[0,0])"); },
     "'shape' of tensor 'x' occurs twice"},
    {"dtype_unknown", [] { return entry_with("F24", "[1]", "0,4"); }, "unknown dtype 'F24'"},
    {"dtype_lower_case", [] { return entry_with("f32", "[1]", "0,4"); }, "unknown dtype 'f32'"},
    {"dtype_number", [] { return entry(R"("dtype":3)"); }, "a number in 'dtype' of tensor 'x'"},
    {"dtype_lies", [] { return entry_with("F16", "[1]", "0,4"); }, "has 4 bytes"},
    {"dtype_lies_upwards", [] { return entry_with("F64", "[1]", "0,4"); }, "has 4 bytes"},
    {"shape_negative", [] { return entry_with("F32", "[-1]", "0,4"); }, "a negative number in 'shape'"},
    {"shape_fraction", [] { return entry_with("F32", "[1.0]", "0,4"); }, "a fraction in 'shape'"},
    {"shape_over_64_bits", [] { return entry_with("F32", "[18446744073709551616]", "0,4"); }, "in 'shape'"},
    {"shape_overflows", [] { return entry_with("F32", "[4294967296,4294967296]", "0,4"); }, "more than 2^63 elements"},
    {"shape_wraps_to_small", [] { return entry_with("U8", "[4294967296,4294967296,1,4]", "0,4"); },
     "more than 2^63 elements"},
    {"bytes_overflow", [] { return entry_with("F64", "[2305843009213693952]", "0,4"); }, "more than 2^63 bytes"},
    {"shape_of_a_thousand",
     [] {
         std::string shape = "[1";
         for (int i = 1; i < 1000; ++i) shape += ",1";
         return entry_with("F32", shape + "]", "0,4");
     },
     "more than 16 numbers"},
    {"shape_nested", [] { return entry_with("F32", "[[1]]", "0,4"); }, "an array in 'shape'"},
    {"offsets_one", [] { return entry_with("F32", "[1]", "0"); }, "1 numbers in 'data_offsets'"},
    {"offsets_three", [] { return entry_with("F32", "[1]", "0,4,8"); }, "3 numbers in 'data_offsets'"},
    {"offsets_reversed", [] { return entry_with("F32", "[1]", "4,0"); }, "data_offsets 4 to 0"},
    {"offsets_past_end", [] { return entry_with("F32", "[2]", "0,8"); }, "ends at byte 8 of the data, which has 4"},
    {"offsets_huge", [] { return entry_with("F32", "[1]", "18446744073709551612,18446744073709551615"); },
     "ends at byte 18446744073709551615"},
    {"overlap",
     [] { return SafetensorsBuilder().tensor("a", "U8", "[4]", "abcd").entry("b", "U8", "[2]", "2,4").build(); },
     "overlaps another"},
    {"same_bytes_twice",
     [] { return SafetensorsBuilder().tensor("a", "U8", "[4]", "abcd").entry("b", "U8", "[4]", "0,4").build(); },
     "overlaps another"},
    {"gap_before", [] { return entry_with("U8", "[2]", "2,4"); }, "leaves a gap"},
    {"gap_between",
     [] {
         return SafetensorsBuilder().tensor("a", "U8", "[1]", "a").data("--").entry("b", "U8", "[1]", "2,3").build();
     },
     "leaves a gap"},
    {"bytes_after_last", [] { return small_safetensors().data("tail").build(); }, "4 bytes after the last tensor"},
    {"name_empty", [] { return header("{\"\":{}}"); }, "has the name ''"},
    {"name_with_newline", [] { return header("{\"a\\nb\":{}}"); }, "has the name 'a?b'"},
    {"name_with_zero", [] { return header("{\"a\\u0000b\":{}}"); }, "has the name 'a?b'"},
    {"name_of_a_megabyte", [] { return header("{\"" + std::string(1 << 20, 'n') + "\":{}}"); },
     "a name of 1048576 bytes"},
    {"name_twice", [] { return small_safetensors().tensor("count", "U8", "[1]", "x").build(); },
     "'count' occurs twice"},
    {"metadata_twice", [] { return header(R"({"__metadata__":{},"__metadata__":{}})"); }, "occurs twice"},
    {"metadata_number", [] { return header(R"({"__metadata__":{"format":1}})"); }, "a number in __metadata__ 'format'"},
    {"metadata_nested", [] { return header(R"({"__metadata__":{"a":{}}})"); }, "an object in __metadata__ 'a'"},
    {"metadata_key_twice", [] { return header(R"({"__metadata__":{"a":"1","a":"2"}})"); }, "'a' occurs twice"},
};

class SafetensorsMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(SafetensorsMalformed, IsRefusedWithItsReason) {
    const std::string bytes = GetParam().make();
    try {
        const SafetensorsFile file(as_bytes(bytes), "bad.safetensors");
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        EXPECT_THAT(error.found(), testing::StartsWith("bad.safetensors: "));
        EXPECT_THAT(error.found(), testing::HasSubstr(GetParam().fragment));
        EXPECT_FALSE(error.expected().empty());
        EXPECT_FALSE(error.next().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, SafetensorsMalformed, testing::ValuesIn(cases),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(SafetensorsTruncated, IsRefusedAtEveryLength) {
    const std::string whole = small_safetensors().build();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::string cut = whole.substr(0, length);
        EXPECT_THROW(SafetensorsFile(as_bytes(cut), "cut"), core::Error) << length;
    }
    EXPECT_NO_THROW(SafetensorsFile(as_bytes(whole), "whole"));
}

}  // namespace
}  // namespace scale::model
