#include "quantize/packed/quantization_config.h"

#include <set>

#include <gtest/gtest.h>

namespace scale::quantize {
namespace {

core::Json config(const char* format, int group = 128) {
    return quantization_config(*find_checkpoint_format(format), group, "scale 0.1.0");
}

TEST(QuantizationConfig, GptqHasWhatServersRequire) {
    const core::Json gptq = config("gptq", 64);
    EXPECT_EQ(gptq.at("quant_method"), "gptq");
    EXPECT_EQ(gptq.at("bits"), 4);
    EXPECT_EQ(gptq.at("group_size"), 64);
    EXPECT_EQ(gptq.at("desc_act"), false);
    EXPECT_EQ(gptq.at("sym"), true);
    EXPECT_EQ(gptq.at("checkpoint_format"), "gptq");
    EXPECT_EQ(config("gptq-8bit").at("bits"), 8);
    EXPECT_EQ(own_config_file(*find_checkpoint_format("gptq")), "quantize_config.json");
}

TEST(QuantizationConfig, AwqNamesItsLayout) {
    const core::Json awq = config("awq");
    EXPECT_EQ(awq.at("quant_method"), "awq");
    EXPECT_EQ(awq.at("version"), "gemm");
    EXPECT_EQ(awq.at("zero_point"), true);
}

// compressed-tensors' classes forbid members that they do not know.
TEST(QuantizationConfig, CompressedTensorsHasNoUnknownMember) {
    const std::set<std::string> scheme{"targets", "weights", "input_activations", "output_activations"};
    const std::set<std::string> arguments{"num_bits", "type",     "symmetric",       "strategy", "group_size",
                                          "dynamic",  "actorder", "block_structure", "observer", "observer_kwargs"};
    for (const char* name : {"w4a16", "w4a16-asym", "w8a8"}) {
        const core::Json group = config(name).at("config_groups").at("group_0");
        for (const auto& [key, value] : group.items()) EXPECT_TRUE(scheme.contains(key)) << key;
        for (const char* part : {"weights", "input_activations"}) {
            if (group.at(part).is_null()) continue;
            for (const auto& [key, value] : group.at(part).items()) EXPECT_TRUE(arguments.contains(key)) << key;
        }
    }
}

TEST(QuantizationConfig, CompressedTensorsSaysHowWeightsAndActivationsAreRounded) {
    const core::Json w4 = config("w4a16-asym", 32), w8 = config("w8a8", 0);
    EXPECT_EQ(w4.at("format"), "pack-quantized");
    const core::Json weights = w4.at("config_groups").at("group_0").at("weights");
    EXPECT_EQ(weights.at("group_size"), 32);
    EXPECT_EQ(weights.at("symmetric"), false);
    EXPECT_TRUE(w4.at("config_groups").at("group_0").at("input_activations").is_null());
    EXPECT_EQ(w8.at("format"), "int-quantized");
    const core::Json group = w8.at("config_groups").at("group_0");
    EXPECT_EQ(group.at("weights").at("strategy"), "channel");
    EXPECT_EQ(group.at("input_activations").at("strategy"), "token");
    EXPECT_EQ(group.at("input_activations").at("dynamic"), true);
}

}  // namespace
}  // namespace scale::quantize
