#include "rollout/control/audit_trail.h"

#include <exception>

#include "core/clock.h"
#include "record/reopened.h"
#include "record/stage.h"
#include "record/store.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;
using core::Json;

constexpr std::size_t kept = 60;

// What a person wrote says more than the sentence that the program made of it.
std::string why(const Json& payload) {
    const std::string because = payload.value("because", "");
    return because.empty() ? payload.value("reason", "") : because;
}

bool ends_experiment(const std::string& entry_kind) {
    return entry_kind == kind::rolled_back || entry_kind == kind::promoted || entry_kind == kind::rollout_stopped;
}

}  // namespace

AuditTrail::AuditTrail(const std::filesystem::path& pass_folder) {
    try {
        const std::vector<record::Entry> record = record::Store(pass_folder).read();
        if (const record::Entry* reopening = record::reopening_of(record))
            changed_ = reopening->payload.get<record::Reopened>().parts;
        for (const record::Entry& entry : record) {
            const auto time_ms = core::from_rfc3339(entry.time).time_since_epoch().count();
            if (entry.kind == kind::traffic_check)
                traffic_check_ = {{"time_ms", time_ms},
                                  {"verdict", entry.payload.value("verdict", "")},
                                  {"look", entry.payload.value("look", false)},
                                  {"sentence", entry.payload.value("sentence", "")}};
            if (entry.stage == record::Stage::rollout && entry.kind != kind::archived)
                add(entry.kind, entry.payload, time_ms);
        }
    } catch (const std::exception& error) {
        problem_ = error.what();
    }
}

void AuditTrail::add(const std::string& entry_kind, const Json& payload, std::int64_t time_ms) {
    entries_.push_front({{"time_ms", time_ms},
                         {"kind", entry_kind},
                         {"by", payload.value("by", "")},
                         {"reason", why(payload)},
                         {"epoch", payload.value("epoch", std::uint64_t{0})},
                         {"weight_ppm", payload.value("weight_ppm", std::int64_t{0})},
                         {"status", payload.value("status", "")},
                         {"harm", payload.value("harm", false)},
                         {"experiment", payload.value("experiment", "")}});
    if (entries_.size() > kept) entries_.pop_back();
}

std::optional<std::int64_t> AuditTrail::end_of(const std::string& experiment) const {
    for (const Json& entry : entries_)
        if (entry["experiment"] == experiment && ends_experiment(entry["kind"]))
            return entry["time_ms"].get<std::int64_t>();
    return std::nullopt;
}

Json AuditTrail::to_json() const {
    Json list = Json::array();
    for (const Json& entry : entries_) list.push_back(entry);
    return list;
}

}  // namespace scale::rollout
