// Replaces personal data and secrets in a request, before anything of it is kept.
#pragma once

#include <string>
#include <string_view>

#include "calibration/redaction/finding.h"
#include "calibration/request.h"

namespace scale::calibration {

// What the finders agree on: in ascending order, without overlaps. Where two overlap, the kind that comes first in
// Sensitive wins.
Findings find_sensitive(std::string_view text);

class Redactor {
  public:
    // `secret` keys the pseudonyms (secret.h).
    explicit Redactor(std::string secret) : secret_(std::move(secret)) {}

    // The text with every finding replaced; `counts` is raised by what was replaced. Within one `conversation` equal
    // values get equal pseudonyms. Redacting the result again changes nothing.
    std::string redact(std::string_view text, std::string_view conversation, RedactionCounts& counts) const;

    // Messages, prompt and answer. The conversation is the one that the request names, else its opening.
    void redact(Request& request, RedactionCounts& counts) const;

  private:
    std::string secret_;
};

}  // namespace scale::calibration
