// Where a pass stands, for one screen: the sentence, the five stages, the decision on the table, the last actions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/lineage.h"

namespace scale::report {

// Something that was done to the pass.
struct Action {
    std::uint64_t entry = 0;
    std::string time;
    std::string who;   // the user who started the program
    std::string kind;  // of the entry
    std::string what;
};

struct StatusView {
    std::string sentence;  // of stage S; "" before it is written
    std::string stage;     // name of the stage at hand: the first that is not done; "" after the last
    std::string decision;  // the question on the table there; "" after the last
    std::string next;      // the next command
    std::vector<record::StageStatus> stages;
    std::vector<std::string> stale;     // "C choice: entry 2 was made before …"
    std::vector<std::string> changed;   // parts of the fingerprint that changed since stage S
    std::vector<std::string> warnings;  // what will need doing although nothing is stale: an expired set, new traffic
    std::vector<Action> actions;        // the newest entries, newest first
};

// `changed` is what the fingerprint check found; where it or the record's newest `reopened` names something, stage S is
// the stage at hand again and every later stage that was done is stale. `now` (core::to_rfc3339; "" not to ask) is
// compared with the set's expiry.
StatusView view_status(const record::Lineage& lineage, std::vector<std::string> changed = {},
                       const std::string& now = {});

std::string to_text(const StatusView& view);
core::Json to_json(const StatusView& view);

// The command that carries the stage on from where it stands.
std::string next_command(const record::Lineage& lineage, record::Stage stage);

}  // namespace scale::report
