// A connection to PostgreSQL (libpq) whose every wait is bounded: a server that is gone, stopped or slow costs `limit`
// and an io error, after which the connection is of no use. One thread uses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct pg_conn;

namespace scale::rollout {

class Postgres {
  public:
    // `settings`: a connection string as libpq takes it. Throws an input error for a bad one, an io error where there
    // is no connection in time; neither repeats the string.
    Postgres(const std::string& settings, std::chrono::milliseconds limit);
    ~Postgres();
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    // One statement with text parameters $1, $2, …; its rows as text, "" for null.
    using Rows = std::vector<std::vector<std::string>>;
    Rows run(const std::string& statement, const std::vector<std::string>& parameters = {});
    // Several statements without parameters.
    void run_all(const std::string& statements);

    // Waits until somebody notifies a channel that is listened to, `wake` (an eventfd) is set, or the time is over.
    void wait(std::chrono::milliseconds time, int wake);

  private:
    using Clock = std::chrono::steady_clock;
    struct Free {
        void operator()(pg_conn* connection) const;
    };
    Rows finish(Clock::time_point deadline);
    void wait_for_socket(bool writing, Clock::time_point deadline);
    [[noreturn]] void fail(const std::string& doing) const;

    const std::chrono::milliseconds limit_;
    std::unique_ptr<pg_conn, Free> connection_;
};

}  // namespace scale::rollout
