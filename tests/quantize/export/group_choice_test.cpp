#include "quantize/export/group_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::quantize {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const CheckpointFormat& format(const char* name) {
    return *find_checkpoint_format(name);
}

// A layer of width 1024 with a feed-forward of `inner`.
std::vector<Module> layer(int inner) {
    return {{"blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj", 0, 1024, 1024, 64},
            {"blk.0.attn_output.weight", "model.layers.0.self_attn.o_proj", 0, 1024, 1024, 0},
            {"blk.0.ffn_up.weight", "model.layers.0.mlp.up_proj", 0, inner, 1024, 0},
            {"blk.0.ffn_down.weight", "model.layers.0.mlp.down_proj", 0, 1024, inner, 0}};
}

std::string error_of(const char* name, const std::vector<Module>& modules, int devices) {
    try {
        choose_group(format(name), modules, devices);
    } catch (const core::Error& error) {
        return error.what();
    }
    return {};
}

TEST(GroupChoice, TakesTheLargestGroupThatDividesEveryLayer) {
    EXPECT_EQ(choose_group(format("gptq"), layer(4096), 1), 128);
    EXPECT_EQ(choose_group(format("gptq"), layer(4096 + 64), 1), 64);
    EXPECT_EQ(choose_group(format("awq"), layer(4096 + 32), 1), 32);
    EXPECT_EQ(choose_group(format("w8a8"), layer(4096 + 32), 1), 0);
}

TEST(GroupChoice, CountsTheDevicesThatShareALayer) {
    EXPECT_EQ(choose_group(format("gptq"), layer(29568), 1), 128);
    EXPECT_EQ(choose_group(format("gptq"), layer(29568), 4), 32);  // 7392 inputs each, as in a known 72B model
    EXPECT_EQ(choose_group(format("gptq"), layer(4096), 8), 128);
}

TEST(GroupChoice, NamesTheLayerThatNothingFits) {
    EXPECT_THAT(error_of("gptq", layer(4096 + 16), 1),
                HasSubstr("model.layers.0.mlp.up_proj cannot be stored as gptq"));
    EXPECT_THAT(error_of("w4a16", layer(4096), 3), HasSubstr("cannot be shared by 3"));
}

TEST(GroupChoice, NotesWhatCannotBeServedByMoreDevices) {
    EXPECT_THAT(notes_on_devices(format("gptq"), layer(4096), 128), IsEmpty());
    const auto notes = notes_on_devices(format("gptq"), layer(29568), 128);
    ASSERT_THAT(notes, SizeIs(1));
    EXPECT_THAT(notes[0], HasSubstr("between 2 devices"));
}

}  // namespace
}  // namespace scale::quantize
