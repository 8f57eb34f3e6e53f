// gguf_seeds FOLDER: writes the starting corpus of gguf_fuzz.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/gguf_builder.h"

int main(int argc, char** argv) {
    using namespace scale::test;
    if (argc != 2) {
        std::cerr << "gguf_seeds FOLDER\n";
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    const auto write = [&](const char* name, const GgufBuilder& builder) {
        std::ofstream(folder / name, std::ios::binary) << builder.build();
    };
    write("model", small_model());
    write("metadata", small_metadata());
    GgufBuilder values;
    values.pair("u8", 0, raw(std::uint8_t{1})).pair("i16", 3, raw(std::int16_t{-2})).pair("f64", 12, raw(0.5));
    values.pair("bool", 7, raw(std::uint8_t{1})).array("flags", 7, 2, std::string("\1\0", 2));
    values.array("wide", 10, 1, raw(std::uint64_t{3})).number("general.alignment", 8);
    values.alignment = 8;
    values.tensor("a", 12, {256, 2}, 288).tensor("b", 8, {32}, 34).tensor("c", 30, {1, 2, 3, 4}, 48);
    write("values", values);
}
