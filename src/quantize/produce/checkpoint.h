// Stage A, second half, for a GPU server: a checkpoint in Hugging Face form, and the GGUF twin that it decodes to.
//
// The twin is the artefact's file: the engine runs it and the gate judges it. That both say the same is proved on every
// weight before either gets its place in the pass folder (export/read_back.h).
#pragma once

#include <string>

#include "quantize/produce/order.h"
#include "quantize/produce/produce.h"

namespace scale::quantize {

// The format wanted: the command line's, else the decision's; "" for a GGUF file. Throws an input error for an unknown
// one, and a usage error for another than the decision's without a reason.
std::string wanted_checkpoint(const record::Decision& decision, const QuantizeOptions& options);

// As produce(); the original must be a folder. Throws an io error where a folder of the checkpoint's name has files
// that no artefact entry knows.
Product produce_checkpoint(record::Pass& pass, const record::WorkLock& lock, const record::Lineage& lineage,
                           const Order& order, const std::string& format, const QuantizeOptions& options);

}  // namespace scale::quantize
