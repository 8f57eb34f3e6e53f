// Check digits of numbers that identify people and accounts. All take the bare characters, without separators, and
// return false for anything that does not have the right length and alphabet.
#pragma once

#include <string_view>

namespace scale::calibration {

bool luhn_holds(std::string_view digits);         // ISO/IEC 7812-1, annex B; any length from 2
char luhn_check_digit(std::string_view payload);  // the digit that makes payload + digit hold
bool mod97_holds(std::string_view iban);          // ISO 13616 by ISO/IEC 7064; letters in either case
bool verhoeff_holds(std::string_view digits);     // Verhoeff, 1969: Aadhaar
bool mod11_10_holds(std::string_view digits);     // ISO/IEC 7064 MOD 11,10: German tax id, 11 digits
bool pesel_holds(std::string_view digits);        // Poland, 11 digits: weights 1 3 7 9
bool dni_holds(std::string_view id);              // Spain: 8 digits, or X/Y/Z and 7; then a letter by mod 23
bool nir_holds(std::string_view id);              // France: 13 digits (2A, 2B for Corsica) and 2, mod 97
bool codice_fiscale_holds(std::string_view id);   // Italy: 15 characters and a check letter
bool cpf_holds(std::string_view digits);          // Brazil: 11 digits, two check digits by mod 11
bool chinese_id_holds(std::string_view id);       // GB 11643: 17 digits and a check character, MOD 11-2

}  // namespace scale::calibration
