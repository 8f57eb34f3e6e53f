// The quantiser for programs that embed it: a GGUF file in, a smaller one out.
//
// Texts like those that the model will serve are run through the original; llama.cpp's quantiser writes the file with
// their activation statistics; then every tensor is rounded again with error feedback on the inputs of the already
// quantised layers before it, and the better of the two on held-out inputs stays. Stock runtimes load the result.
//
// The engine beneath may end the process on a model that it cannot handle: who cannot afford that calls this in a
// process of its own, as `scale quantize` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace scale::embed {

struct QuantizeRequest {
    std::filesystem::path original;  // GGUF with F32, F16 or BF16 weights
    std::filesystem::path target;    // appears whole or not at all
    std::string mix = "Q4_K_M";      // one of llama.cpp's: "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M", …
    std::vector<std::string> texts;  // calibration, as the model will see them, chat template included
    int sequence_tokens = 512;       // longer texts are cut into such pieces, at least 32
    int threads = 0;                 // 0: all cores of this process
    bool refine = true;              // false: llama.cpp's own rounding
    // (done, total, what), at most some times a second; may be empty.
    std::function<void(double done, double total, const std::string& what)> progress;
};

struct QuantizeResult {
    std::uint64_t bytes = 0;     // of the target
    double bits_per_weight = 0;  // 8 · bytes / parameters
    std::uint64_t tokens = 0;    // of calibration
    int refined = 0;             // tensors that our rounding made better than stock, of
    int considered = 0;          // those that it can round
};

// Throws std::exception for an input that cannot be used or a file that cannot be written; what() says what was found.
QuantizeResult quantize(const QuantizeRequest& request);

}  // namespace scale::embed
