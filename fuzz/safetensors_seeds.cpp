// safetensors_seeds FOLDER: writes the starting corpus of safetensors_fuzz.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/safetensors_builder.h"

int main(int argc, char** argv) {
    using namespace scale::test;
    if (argc != 2) {
        std::cerr << "safetensors_seeds FOLDER\n";
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    const auto write = [&](const char* name, const std::string& bytes) {
        std::ofstream(folder / name, std::ios::binary) << bytes;
    };
    write("small", small_safetensors().build());
    write("empty", SafetensorsBuilder().build());
    write("padded", SafetensorsBuilder().with_header("{}      "));
    write("wide", SafetensorsBuilder()
                      .tensor("a", "I64", "[1]", std::string(8, 'x'))
                      .tensor("b", "F8_E4M3", "[2,1]", "yz")
                      .build());
}
