// A real model, cut and altered at random: every variant either reads or throws core::Error, and none makes the reader
// allocate more than a few times the file's header.
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "support/gguf_builder.h"
#include "support/test_model.h"

namespace scale::model {
namespace {

class GgufDamage : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        whole_ = core::read_file(*path);
        header_ = GgufFile(test::as_bytes(whole_), "whole").tensors().front().offset;
    }

    // True where the bytes read as a model.
    static bool reads(const std::string& bytes) {
        try {
            const GgufFile file(test::as_bytes(bytes), "damaged");
            for (const auto& tensor : file.tensors()) {
                const auto data = file.data(tensor);
                EXPECT_GE(data.data(), test::as_bytes(bytes).data());
                EXPECT_LE(data.data() + data.size(), test::as_bytes(bytes).data() + bytes.size());
            }
            summarise(file);
            return true;
        } catch (const core::Error&) {
            return false;
        }
    }

    std::uint64_t draw(std::uint64_t below) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return (state_ >> 33) % below;
    }

    std::string whole_;
    std::uint64_t header_ = 0;
    std::uint64_t state_ = 20240611;
};

TEST_F(GgufDamage, CutAnywhereItIsRefused) {
    for (int i = 0; i < 200; ++i) {
        // Half of the cuts lie in the header, half in the weights.
        const std::uint64_t length = i % 2 == 0 ? draw(header_) : header_ + draw(whole_.size() - 64 - header_);
        EXPECT_FALSE(reads(whole_.substr(0, length))) << length;
    }
}

TEST_F(GgufDamage, AlteredBytesNeverCrashTheReader) {
    std::string bytes = whole_;
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t at = draw(header_);
        const char before = bytes[at];
        bytes[at] = static_cast<char>(draw(256));
        refused += reads(bytes) ? 0 : 1;
        bytes[at] = before;
    }
    // Most of the header is token texts, where any byte may stand; the rest must be noticed.
    EXPECT_GT(refused, 100);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __SANITIZE_ADDRESS__
    constexpr long limit_kib = 2048 * 1024;  // freed memory is held back to notice its later use
#else
    constexpr long limit_kib = 256 * 1024;
#endif
    EXPECT_LT(usage.ru_maxrss, limit_kib);
}

// Large values in the places of lengths and counts, eight bytes at a time.
TEST_F(GgufDamage, HugeLengthsNeverCrashTheReader) {
    std::string bytes = whole_;
    for (const std::uint64_t huge : {~0ull, 1ull << 63, (1ull << 62) + 1, 1ull << 32, 1ull << 24}) {
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t at = i < 40 ? 8 + i : draw(header_ - 8);
            const std::string before = bytes.substr(at, 8);
            bytes.replace(at, 8, test::raw(huge));
            reads(bytes);
            bytes.replace(at, 8, before);
        }
    }
    EXPECT_TRUE(reads(bytes));
}

}  // namespace
}  // namespace scale::model
