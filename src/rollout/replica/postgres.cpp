#include "rollout/replica/postgres.h"

#include <cerrno>
#include <libpq-fe.h>
#include <poll.h>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "rollout/gateway/inbox.h"

namespace scale::rollout {

namespace {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

std::string one_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

void ignore_notice(void*, const PGresult*) {}

}  // namespace

void Postgres::Free::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

Postgres::~Postgres() = default;

void Postgres::fail(const std::string& doing) const {
    throw core::io_error(fmt::format("the database {}: {}", doing, one_line(PQerrorMessage(connection_.get()))),
                         "PostgreSQL as database in [rollout] names it");
}

Postgres::Postgres(const std::string& settings, std::chrono::milliseconds limit) : limit_(limit) {
    char* problem = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(settings.c_str(), &problem), PQconninfoFree);
    const std::string complaint = problem != nullptr ? one_line(problem) : "";
    PQfreemem(problem);
    if (!parsed)
        throw core::input_error("database in [rollout] is no connection string: " + complaint,
                                "such as \"host=127.0.0.1 dbname=rollouts user=scale\"");
    for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option)
        if (std::string_view(option->keyword) == "password" && option->val != nullptr && *option->val != '\0')
            throw core::input_error("database in [rollout] holds a password, which other people read there",
                                    "a connection string without one", "put it into a password file (~/.pgpass)");
    const char* const names[] = {"dbname", "application_name", nullptr};
    const char* const values[] = {settings.c_str(), "scale", nullptr};
    const auto deadline = Clock::now() + limit_;
    connection_.reset(PQconnectStartParams(names, values, 1));
    if (!connection_) throw core::io_error("libpq has no memory for a connection");
    if (PQstatus(connection_.get()) == CONNECTION_BAD) fail("cannot be reached");
    PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
    for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
        if (state == PGRES_POLLING_FAILED) fail("cannot be reached");
        wait_for_socket(state == PGRES_POLLING_WRITING, deadline);
        state = PQconnectPoll(connection_.get());
    }
    if (PQsetnonblocking(connection_.get(), 1) != 0) fail("cannot be used");
}

void Postgres::wait_for_socket(bool writing, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) throw core::io_error("the database does not answer in time");
        pollfd entry{PQsocket(connection_.get()), static_cast<short>(writing ? POLLOUT : POLLIN), 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(left));
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR) throw core::system_error("cannot wait for the database", errno);
    }
}

Postgres::Rows Postgres::run(const std::string& statement, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    const auto deadline = Clock::now() + limit_;
    if (PQsendQueryParams(connection_.get(), statement.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                          nullptr, nullptr, 0) != 1)
        fail("takes no statement");
    return finish(deadline);
}

void Postgres::run_all(const std::string& statements) {
    const auto deadline = Clock::now() + limit_;
    if (PQsendQuery(connection_.get(), statements.c_str()) != 1) fail("takes no statement");
    finish(deadline);
}

Postgres::Rows Postgres::finish(Clock::time_point deadline) {
    for (int unsent = 1; unsent != 0;) {
        unsent = PQflush(connection_.get());
        if (unsent < 0) fail("is gone");
        // The server may be writing too, and both would wait for each other if we did not read.
        if (unsent > 0 && PQconsumeInput(connection_.get()) != 1) fail("is gone");
        if (unsent > 0) wait_for_socket(true, deadline);
    }
    Rows rows;
    for (;;) {
        while (PQisBusy(connection_.get()) != 0) {
            wait_for_socket(false, deadline);
            if (PQconsumeInput(connection_.get()) != 1) fail("is gone");
        }
        const Result result(PQgetResult(connection_.get()));
        if (!result) return rows;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail("refuses a statement");
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            std::vector<std::string> fields;
            for (int field = 0; field < PQnfields(result.get()); ++field)
                fields.emplace_back(PQgetvalue(result.get(), row, field),
                                    static_cast<std::size_t>(PQgetlength(result.get(), row, field)));
            rows.push_back(std::move(fields));
        }
    }
}

void Postgres::wait(std::chrono::milliseconds time, int wake) {
    const auto notified = [&] {
        bool any = false;
        while (PGnotify* notice = PQnotifies(connection_.get())) {
            PQfreemem(notice);
            any = true;
        }
        return any;
    };
    if (notified()) return;
    pollfd entries[] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake, POLLIN, 0}};
    if (::poll(entries, 2, static_cast<int>(time.count())) <= 0) return;
    if (entries[1].revents != 0) clear_event(wake);
    if (entries[0].revents == 0) return;
    if (PQconsumeInput(connection_.get()) != 1) fail("is gone");
    notified();
}

}  // namespace scale::rollout
