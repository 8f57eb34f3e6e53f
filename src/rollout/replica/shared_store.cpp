#include "rollout/replica/shared_store.h"

#include <charconv>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"

namespace scale::rollout {

namespace {

// The lock keeps two gateways that start together from making the same table.
constexpr const char* tables = R"(
BEGIN;
SELECT pg_advisory_xact_lock(7233168);
CREATE TABLE IF NOT EXISTS scale_rollout (flag text PRIMARY KEY, epoch bigint NOT NULL, experiment text NOT NULL,
  evidence bigint NOT NULL, salt text NOT NULL, state text NOT NULL);
CREATE TABLE IF NOT EXISTS scale_change (flag text NOT NULL, epoch bigint NOT NULL, replica text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), state text NOT NULL, PRIMARY KEY (flag, epoch));
CREATE TABLE IF NOT EXISTS scale_evidence (experiment text NOT NULL, number bigint NOT NULL, replica text NOT NULL,
  first bigint NOT NULL, last bigint NOT NULL, records text NOT NULL, PRIMARY KEY (experiment, number),
  UNIQUE (experiment, replica, first));
CREATE TABLE IF NOT EXISTS scale_replica (flag text NOT NULL, replica text NOT NULL, holder text NOT NULL,
  seen timestamptz NOT NULL, PRIMARY KEY (flag, replica));
COMMIT;
LISTEN scale_rollout;
)";

std::uint64_t number_of(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string text_of(const RolloutState& state) {
    return core::canonical(to_json(state));
}

}  // namespace

std::vector<Record> records_of(const Shipment& shipment) {
    std::vector<Record> records;
    std::istringstream lines(shipment.records);
    for (std::string line; std::getline(lines, line);)
        records.push_back(from_json_line(line, fmt::format("shipment {}", shipment.number)));
    return records;
}

std::string salt_digest(const std::string& salt) {
    return core::sha256_hex("scale rollout salt\n" + salt);
}

SharedStore::SharedStore(const std::string& settings, std::string flag, std::chrono::milliseconds limit)
    : database_(settings, limit), flag_(std::move(flag)) {
    database_.run_all(tables);
}

std::optional<SharedRow> SharedStore::load() {
    const auto rows = database_.run("SELECT state, salt, evidence, epoch FROM scale_rollout WHERE flag = $1", {flag_});
    if (rows.empty()) return std::nullopt;
    const auto& row = rows.front();
    SharedRow found{rollout_state_from_json(core::parse_json(row[0], "the database's state"), "the database's state"),
                    row[1], number_of(row[2])};
    if (found.state.epoch != number_of(row[3]))
        throw core::io_error("the database's state and its epoch do not agree", "a row that scale wrote");
    return found;
}

bool SharedStore::create(const RolloutState& state, const std::string& salt, const std::string& replica) {
    return !database_
                .run(
                    "WITH made AS (INSERT INTO scale_rollout VALUES ($1, $2, $3, 0, $4, $5) "
                    "ON CONFLICT DO NOTHING RETURNING 1), "
                    "noted AS (INSERT INTO scale_change (flag, epoch, replica, state) SELECT $1, $2, $6, $5 FROM made) "
                    "SELECT pg_notify('scale_rollout', '') FROM made",
                    {flag_, std::to_string(state.epoch), state.experiment, salt, text_of(state), replica})
                .empty();
}

bool SharedStore::replace(const RolloutState& state, const std::string& replica) {
    return !database_
                .run(
                    "WITH changed AS (UPDATE scale_rollout SET epoch = $2, state = $4, experiment = $3, "
                    "evidence = CASE WHEN experiment = $3 THEN evidence ELSE 0 END "
                    "WHERE flag = $1 AND epoch = $2::bigint - 1 RETURNING 1), "
                    "noted AS (INSERT INTO scale_change (flag, epoch, replica, state) SELECT $1, $2, $5, $4 FROM "
                    "changed) SELECT pg_notify('scale_rollout', '') FROM changed",
                    {flag_, std::to_string(state.epoch), state.experiment, text_of(state), replica})
                .empty();
}

std::uint64_t SharedStore::shipped(const std::string& experiment, const std::string& replica) {
    return number_of(
        database_
            .run("SELECT coalesce(max(last), 0) FROM scale_evidence WHERE experiment = $1 AND replica = $2",
                 {experiment, replica})
            .at(0)
            .at(0));
}

bool SharedStore::ship(const std::string& experiment, const std::string& replica, std::uint64_t first,
                       std::uint64_t last, const std::string& records) {
    return !database_
                .run(
                    "WITH next AS (UPDATE scale_rollout SET evidence = evidence + 1 WHERE flag = $1 AND experiment = "
                    "$2 "
                    "RETURNING evidence), "
                    "sent AS (INSERT INTO scale_evidence SELECT $2, evidence, $3, $4::bigint, $5::bigint, $6 FROM "
                    "next) "
                    "SELECT pg_notify('scale_rollout', '') FROM next",
                    {flag_, experiment, replica, std::to_string(first), std::to_string(last), records})
                .empty();
}

std::vector<Shipment> SharedStore::shipments(const std::string& experiment, std::uint64_t after, int limit) {
    std::vector<Shipment> found;
    for (auto& row : database_.run("SELECT number, replica, records FROM scale_evidence WHERE experiment = $1 AND "
                                   "number > $2 ORDER BY number LIMIT $3",
                                   {experiment, std::to_string(after), std::to_string(limit)}))
        found.push_back({number_of(row[0]), std::move(row[1]), std::move(row[2])});
    return found;
}

bool SharedStore::hold_name(const std::string& replica, const std::string& holder, double seconds) {
    return !database_
                .run(
                    "INSERT INTO scale_replica AS known VALUES ($1, $2, $3, now()) ON CONFLICT (flag, replica) DO "
                    "UPDATE SET holder = $3, seen = now() WHERE known.holder = $3 OR known.seen < now() - "
                    "make_interval(secs => $4::double precision) RETURNING 1",
                    {flag_, replica, holder, fmt::format("{}", seconds)})
                .empty();
}

}  // namespace scale::rollout
