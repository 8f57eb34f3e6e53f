// A question of the reasoning kinds, in both forms: facts to be gone on from, and a message that wants an answer.
#pragma once

#include <string>
#include <vector>

#include "core/random.h"

namespace scale::quality {

struct Problem {
    std::string facts;
    std::string lead;      // likelihood: what follows the facts, up to the place where the answer stands
    std::string question;  // generation: what is asked about the facts
    std::string answer;
    std::vector<std::string> wrong;  // near misses
    std::string final_number{};      // generation, where the answer is a number; then `answer` may be a worked solution
    bool worked = false;             // generation: the steps are to be written out
};

using ProblemMaker = Problem (*)(core::Random&);

// Problems of several steps (steps.cpp).
Problem arithmetic_problem(core::Random& random);  // a word problem; the options are worked solutions
Problem boolean_problem(core::Random& random);     // an expression of True and False
Problem swap_problem(core::Random& random);        // who holds what after people swapped

}  // namespace scale::quality
