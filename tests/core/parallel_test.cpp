#include "core/parallel.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace scale::core {
namespace {

TEST(Parallel, EveryTaskOnceWhateverTheThreads) {
    for (const int threads : {1, 2, 7, 100}) {
        std::vector<std::atomic<int>> runs(50);
        run_tasks(50, threads, [&](int i) { ++runs[static_cast<std::size_t>(i)]; });
        for (const auto& count : runs) EXPECT_EQ(count, 1);
    }
    run_tasks(0, 4, [](int) { FAIL(); });
}

TEST(Parallel, TheFirstExceptionEndsTheRest) {
    std::atomic<int> ran{0};
    try {
        run_tasks(10000, 3, [&](int i) {
            ++ran;
            if (i == 5) throw std::runtime_error("task 5");
        });
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "task 5");
    }
    EXPECT_GE(ran, 6);
}

TEST(Parallel, AWorkerStaysOnItsThread) {
    std::mutex lock;
    std::set<std::thread::id> made;
    std::atomic<int> elsewhere{0};
    run_tasks_of(200, 4, [&] {
        const auto own = std::this_thread::get_id();
        const std::lock_guard guard(lock);
        made.insert(own);
        return [&elsewhere, own](int) { elsewhere += std::this_thread::get_id() == own ? 0 : 1; };
    });
    EXPECT_EQ(made.size(), 4u);
    EXPECT_EQ(elsewhere, 0);
    EXPECT_THROW(run_tasks_of(1, 2, []() -> std::function<void(int)> { throw std::runtime_error("no connection"); }),
                 std::runtime_error);
}

}  // namespace
}  // namespace scale::core
