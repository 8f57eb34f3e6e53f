#include "core/secret_file.h"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace scale::core {
namespace {

TEST(SecretFile, OfAKilledMakerIsWholeOrNotThere) {
    int made_by_the_killed = 0;
    for (int round = 0; round < 200; ++round) {
        const TemporaryFolder folder;
        const fs::path file = folder.path() / "secret";
        const pid_t child = ::fork();
        if (child == 0) {
            load_or_make_secret(file, "");
            ::_exit(0);
        }
        ::usleep(static_cast<useconds_t>(round * 10));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        if (fs::exists(file)) ++made_by_the_killed;
        EXPECT_EQ(load_or_make_secret(file, "").size(), 64u) << "round " << round;
    }
    EXPECT_GT(made_by_the_killed, 0) << "every maker was killed too early for the test to say anything";
}

TEST(SecretFile, MakersAtOnceGetTheSame) {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "deep" / "secret";
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
        children.push_back(::fork());
        if (children.back() != 0) continue;
        write_file_atomic(folder.path() / std::to_string(i), load_or_make_secret(file, ""));
        ::_exit(0);
    }
    for (const pid_t child : children) {
        int status = 1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    for (int i = 0; i < 8; ++i) EXPECT_EQ(read_file(folder.path() / std::to_string(i)) + "\n", read_file(file));
}

TEST(SecretFile, DamageIsAnErrorThatSaysWhatToDo) {
    const TemporaryFolder folder;
    for (const char* damaged : {"", "short\n", "zz"}) {
        write_file_atomic(folder.path() / "secret", damaged);
        try {
            load_or_make_secret(folder.path() / "secret", "ask for it");
            ADD_FAILURE() << "accepted '" << damaged << "'";
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("does not hold a secret"), std::string::npos);
            EXPECT_EQ(error.next(), "ask for it");
        }
    }
}

}  // namespace
}  // namespace scale::core
