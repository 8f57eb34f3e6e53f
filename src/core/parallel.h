// Independent tasks over threads.
#pragma once

#include <functional>

namespace scale::core {

// Runs tasks 0…count − 1, each once and on one thread, `threads` at a time; the caller's thread is one of them. The
// first exception of a task is thrown here after all threads stopped. What the tasks write must not depend on which
// thread runs them.
void run_tasks(int count, int threads, const std::function<void(int)>& task);

// The same with something that every thread has for itself (a connection): new_worker() is called on each thread, and
// what it returns runs that thread's tasks.
void run_tasks_of(int count, int threads, const std::function<std::function<void(int)>()>& new_worker);

}  // namespace scale::core
