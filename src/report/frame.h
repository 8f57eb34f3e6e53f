// The page that a report is put into: web/report, built by Vite into one file with its style sheet and its script.
#pragma once

#include <string>

namespace scale::report {

// The whole document around `body`. Its content security policy lets nothing load and runs no script but that of the
// page itself, by its SHA-256, whatever a text in the record tries.
std::string framed(const std::string& body);

}  // namespace scale::report
