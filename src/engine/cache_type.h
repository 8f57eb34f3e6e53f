// The types that keys and values of the cache can have, by llama-server's names. For src/engine only.
#pragma once

#include <string>

#include <llama.h>

namespace scale::engine {

// Keys and values both; "f16" is the engine's default. Quantised values need flash attention, which is switched on
// then. Throws an input error for a name that is none.
void set_cache_type(llama_context_params& parameters, const std::string& name);

}  // namespace scale::engine
