// The 25 verifiable instructions of IFEval (Zhou et al., 2023, arXiv 2311.07911), checked by our own implementation.
//
// `compat` follows the published checkers with their known defects, so that scores compare with those of others;
// `fixed` checks what the instruction says:
//   keywords            compat: a keyword is a regular expression; fixed: it is literal
//   letter_frequency    compat: for another character than a letter some letter is counted (there at random and
//   unseeded,
//                       here by the prompt's hash); fixed: the character itself. Upstream issue 3427.
//   nth_paragraph       compat: the n-th of all pieces, empty ones included; fixed: the n-th paragraph that says
//   something postscript          compat: its marker anywhere; fixed: at the beginning of a line
// Deviations in both: the language is CLD2's opinion, not langdetect's (which is random without a seed); sentences are
// Unicode's, not punkt's; capitalised words are those between white space, not of NLTK's tokenizer, which splits "I'M".
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quality {

enum class InstructionRules { compat, fixed };

InstructionRules instruction_rules(const std::string& name);  // "compat" or "fixed"; an input error otherwise

// The identifiers, "keywords:existence" and so on, in the paper's order.
const std::vector<std::string>& instruction_ids();

// Whether the response follows the instruction. `arguments` has the names of IFEval's kwargs; an input error names one
// that is missing or of another type, or an unknown id. A blank response follows nothing.
bool follows(const std::string& id, const core::Json& arguments, const std::string& prompt, const std::string& response,
             InstructionRules rules);

// The response and its seven variants of the loose score: without the first line, the last, or both, and each of these
// without asterisks.
std::vector<std::string> loose_variants(const std::string& response);

}  // namespace scale::quality
