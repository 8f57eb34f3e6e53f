// Stage A, second half, for a GPU server: a checkpoint in Hugging Face form, and the GGUF twin that it decodes to.
//
// The twin is the artefact's file: the engine runs it and the gate judges it. That both say the same is proved on every
// weight before either gets its place in the pass folder (export/read_back.h).
#pragma once

#include <filesystem>
#include <string>

#include "quantize/produce/order.h"
#include "quantize/produce/produce.h"

namespace scale::quantize {

// The format wanted: the command line's, else the decision's; "" for a GGUF file. Throws an input error for an unknown
// one, and a usage error for another than the decision's without a reason.
std::string wanted_checkpoint(const record::Decision& decision, const QuantizeOptions& options);

// Throws an input error where no format has that name, with the nearest that there is.
void require_format(const std::string& name);

// The original's Hugging Face folder; an input error where [model] path is a GGUF file.
std::filesystem::path source_folder(const record::Pass& pass);

// Hashes the folder; a refusal where it is not the one that stage S measured.
void require_source(const std::filesystem::path& source, const record::Constraint& constraint);

// "scale 0.1.0": without the user's and the machine's name, which are nobody's business who loads the checkpoint.
std::string program_name();

// As produce(); the original must be a folder. Throws an io error where a folder of the checkpoint's name has files
// that no artefact entry knows.
Product produce_checkpoint(record::Pass& pass, const record::WorkLock& lock, const record::Lineage& lineage,
                           const Order& order, const std::string& format, const QuantizeOptions& options);

}  // namespace scale::quantize
