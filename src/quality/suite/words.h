// Words that the generated items are made of: common, short, and each usable in every slot of its kind.
#pragma once

#include <string>
#include <vector>

#include "core/random.h"

namespace scale::quality {

const std::vector<std::string>& person_names();
const std::vector<std::string>& places();   // "kitchen"
const std::vector<std::string>& objects();  // "key"
const std::vector<std::string>& colours();
const std::vector<std::string>& animals();
const std::vector<std::string>& weekdays();  // Monday first

// `count` different entries in random order.
std::vector<std::string> sample(const std::vector<std::string>& words, std::size_t count, core::Random& random);

// Puts `gold` at a random place among the wrong options, all prefixed by `lead`; returns its index.
int place_gold(const std::string& gold, const std::vector<std::string>& wrong, const std::string& lead,
               core::Random& random, std::vector<std::string>& options);

}  // namespace scale::quality
