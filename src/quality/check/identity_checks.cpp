// What must be the same in both files: a template that differs moves scores more than four bits do, and a shorter
// context drops what long prompts begin with.
#include <fmt/format.h>

#include "quality/gate.h"

namespace scale::quality {

std::vector<record::GateCheck> identity_checks(const record::Budget& budget, const std::vector<Identity>& identities) {
    std::vector<record::GateCheck> checks;
    for (const Identity& identity : identities) {
        record::GateCheck check;
        check.name = identity.name;
        check.category = "identity";
        check.endpoint = "identical";
        check.method = "comparison of the files";
        check.n = 1;
        check.level = budget.alpha;
        check.difference = check.upper = identity.same ? 0 : 1;
        check.original = 1;
        check.candidate = identity.same ? 1 : 0;
        check.result = identity.same ? result::pass : result::fail;
        if (!identity.same)
            check.note = fmt::format("original {}, candidate {}", identity.original, identity.candidate);
        checks.push_back(std::move(check));
    }
    return checks;
}

}  // namespace scale::quality
