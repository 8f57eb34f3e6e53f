#include "quantize/produce/publish.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace scale::quantize {
namespace {

TEST(Publish, NamesTheFileByModelAndType) {
    EXPECT_EQ(artefact_name("/models/tiny.f16.gguf", "Q4_K_M"), "tiny.f16.Q4_K_M.gguf");
    EXPECT_EQ(artefact_name("/models/tiny-1.5b", "Q4_K_M"), "tiny-1.5b.Q4_K_M.gguf");
}

TEST(Publish, OverwritesOnlyWhatThePassMade) {
    const core::TemporaryFolder folder;
    const auto target = folder.path() / "a.gguf";
    require_replaceable(target, "", {});
    core::write_file_atomic(target, "bytes");
    EXPECT_THROW(require_replaceable(target, core::sha256_hex("other"), {}), core::Error);
    require_replaceable(target, core::sha256_hex("bytes"), {});  // published by a run that died before its entry
    record::Entry entry;
    entry.kind = record::kind::artefact;
    entry.payload = {{"sha256", core::sha256_hex("bytes")}};
    require_replaceable(target, core::sha256_hex("other"), {entry});
    entry.kind = record::kind::archived;
    EXPECT_THROW(require_replaceable(target, core::sha256_hex("other"), {entry}), core::Error);
}

TEST(Publish, MovesTheFileIntoPlace) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "x.partial", "new");
    core::write_file_atomic(folder.path() / "a.gguf", "old");
    publish(folder.path() / "x.partial", folder.path() / "a.gguf");
    EXPECT_EQ(core::read_file(folder.path() / "a.gguf"), "new");
    EXPECT_FALSE(core::fs::exists(folder.path() / "x.partial"));
    EXPECT_THROW(publish(folder.path() / "none", folder.path() / "a.gguf"), core::Error);
}

}  // namespace
}  // namespace scale::quantize
