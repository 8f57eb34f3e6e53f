// The secret that keys the pseudonyms of one pass.
//
// 32 random bytes in hexadecimal, made on first use in a file that only the owner can read. It is never part of the
// record or of an object: who has a set but not the secret can neither invert a pseudonym nor test a guess.
#pragma once

#include <filesystem>
#include <string>

namespace scale::calibration {

// Throws an input error where the file holds something else, an io error where it cannot be made.
std::string redaction_secret(const std::filesystem::path& file);

}  // namespace scale::calibration
