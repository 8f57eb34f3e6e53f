// Whether the artefact that the record names is what is asked for now.
#pragma once

#include <optional>

#include "quantize/produce/produce.h"

namespace scale::quantize {

// The current artefact, where it was made in the way that scale.toml and the options want and its file is whole.
std::optional<record::Artefact> finished(const record::Pass& pass, const record::Lineage& lineage,
                                         const QuantizeOptions& options, const PlanOrder& wanted);

}  // namespace scale::quantize
