// The engine's named mixes. For src/engine only.
#pragma once

#include <string>

#include <llama.h>

namespace scale::engine {

struct StockMix {
    const char* name;
    llama_ftype type;
    bool needs_statistics;  // the engine refuses to write it without an importance matrix
};

// By its name in any case; an input error that names the nearest known mix otherwise.
const StockMix& stock_mix(const std::string& name);

}  // namespace scale::engine
