// Divergences that are lower bounds: what they exceed the true ones exceed, too; what they stay below says nothing.
#include <fmt/format.h>

#include "quality/gate.h"
#include "record/gate_endpoint.h"

namespace scale::quality {

void apply_lower_bound(std::vector<record::GateCheck>& checks, int known_tokens) {
    for (record::GateCheck& check : checks) {
        if (!record::is_divergence(check)) continue;
        check.note += fmt::format("{}a lower bound, from the {} most likely tokens: it can only fail",
                                  check.note.empty() ? "" : "; ", known_tokens);
        if (check.result == result::fail) continue;
        check.result = result::no_power;
        check.items_needed = 0;
    }
}

}  // namespace scale::quality
