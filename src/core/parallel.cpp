#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace scale::core {

void run_tasks_of(int count, int threads, const std::function<std::function<void(int)>()>& new_worker) {
    std::atomic<int> next{0};
    std::exception_ptr failure;
    std::atomic<bool> failed{false};
    const auto work = [&] {
        try {
            const std::function<void(int)> task = new_worker();
            for (int i = next.fetch_add(1); i < count && !failed; i = next.fetch_add(1)) task(i);
        } catch (...) {
            if (!failed.exchange(true)) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (int i = 1; i < std::min(threads, count); ++i) helpers.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
}

void run_tasks(int count, int threads, const std::function<void(int)>& task) {
    run_tasks_of(count, threads, [&] { return [&](int i) { task(i); }; });
}

}  // namespace scale::core
