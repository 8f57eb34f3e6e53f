#include "calibration/redaction/checksums.h"

#include <array>
#include <string>

namespace scale::calibration {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text, std::size_t size) {
    if (text.size() != size) return false;
    for (const char c : text)
        if (!is_digit(c)) return false;
    return true;
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

int luhn_sum(std::string_view digits, bool double_last) {
    int sum = 0;
    bool doubled = double_last;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, doubled = !doubled) {
        const int value = (*digit - '0') * (doubled ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    }
    return sum;
}

int weighted(std::string_view digits, const int* weights, std::size_t count) {
    int sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += (digits[i] - '0') * weights[i];
    return sum;
}

}  // namespace

bool luhn_holds(std::string_view digits) {
    return digits.size() >= 2 && all_digits(digits, digits.size()) && luhn_sum(digits, false) % 10 == 0;
}

char luhn_check_digit(std::string_view payload) {
    return static_cast<char>('0' + (10 - luhn_sum(payload, true) % 10) % 10);
}

bool mod97_holds(std::string_view iban) {
    if (iban.size() < 5) return false;
    int remainder = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = upper(iban[(i + 4) % iban.size()]);
        if (is_digit(c))
            remainder = (remainder * 10 + (c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            remainder = (remainder * 100 + (c - 'A' + 10)) % 97;
        else
            return false;
    }
    return remainder == 1;
}

bool verhoeff_holds(std::string_view digits) {
    // The dihedral group D5, and the permutation (1 5 8 9 4 2 7 0)(3 6) applied once more at each position.
    static constexpr std::array<std::string_view, 10> product{"0123456789", "1234067895", "2340178956", "3401289567",
                                                              "4012395678", "5987604321", "6598710432", "7659821043",
                                                              "8765932104", "9876543210"};
    static constexpr std::array<std::string_view, 8> permutation{
        "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"};
    if (!all_digits(digits, digits.size()) || digits.empty()) return false;
    int state = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const auto digit = static_cast<std::size_t>(digits[digits.size() - 1 - i] - '0');
        const auto moved = static_cast<std::size_t>(permutation[i % 8][digit] - '0');
        state = product[static_cast<std::size_t>(state)][moved] - '0';
    }
    return state == 0;
}

bool mod11_10_holds(std::string_view digits) {
    if (!all_digits(digits, 11)) return false;
    int product = 10;
    for (std::size_t i = 0; i < 10; ++i) {
        int sum = (digits[i] - '0' + product) % 10;
        if (sum == 0) sum = 10;
        product = sum * 2 % 11;
    }
    return (11 - product) % 10 == digits[10] - '0';
}

bool pesel_holds(std::string_view digits) {
    static constexpr std::array weights{1, 3, 7, 9, 1, 3, 7, 9, 1, 3};
    return all_digits(digits, 11) && (10 - weighted(digits, weights.data(), 10) % 10) % 10 == digits[10] - '0';
}

bool dni_holds(std::string_view id) {
    static constexpr std::string_view letters = "TRWAGMYFPDXBNJZSQVHLCKE";
    if (id.size() != 9) return false;
    std::string number(id.substr(0, 8));
    const auto foreign = std::string_view("XYZ").find(upper(number[0]));
    if (foreign != std::string_view::npos) number[0] = static_cast<char>('0' + foreign);
    if (!all_digits(number, 8)) return false;
    return letters[static_cast<std::size_t>(std::stoi(number) % 23)] == upper(id[8]);
}

bool nir_holds(std::string_view id) {
    if (id.size() != 15) return false;
    std::string number(id.substr(0, 13));
    if (upper(number[6]) == 'A' || upper(number[6]) == 'B') {
        const long long less = upper(number[6]) == 'A' ? 1000000 : 2000000;
        number[6] = '0';
        if (!all_digits(number, 13) || !all_digits(id.substr(13), 2)) return false;
        return 97 - (std::stoll(number) - less) % 97 == std::stoi(std::string(id.substr(13)));
    }
    return all_digits(id, 15) && 97 - std::stoll(number) % 97 == std::stoi(std::string(id.substr(13)));
}

bool codice_fiscale_holds(std::string_view id) {
    // The value of a character at an odd place (from 1): by its number for a letter, 0…9 as A…J.
    static constexpr std::array odd{1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    if (id.size() != 16) return false;
    int sum = 0;
    for (std::size_t i = 0; i < 15; ++i) {
        const char c = upper(id[i]);
        if (!is_digit(c) && (c < 'A' || c > 'Z')) return false;
        const int number = is_digit(c) ? c - '0' : c - 'A';
        sum += i % 2 == 0 ? odd[static_cast<std::size_t>(number)] : number;
    }
    return upper(id[15]) == static_cast<char>('A' + sum % 26);
}

bool cpf_holds(std::string_view digits) {
    if (!all_digits(digits, 11)) return false;
    for (std::size_t length = 9; length < 11; ++length) {
        int sum = 0;
        for (std::size_t i = 0; i < length; ++i) sum += (digits[i] - '0') * static_cast<int>(length + 1 - i);
        const int rest = sum % 11;
        if ((rest < 2 ? 0 : 11 - rest) != digits[length] - '0') return false;
    }
    return digits.find_first_not_of(digits[0]) != std::string_view::npos;
}

bool chinese_id_holds(std::string_view id) {
    static constexpr std::array weights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    if (id.size() != 18 || !all_digits(id.substr(0, 17), 17)) return false;
    return "10X98765432"[weighted(id, weights.data(), 17) % 11] == upper(id[17]);
}

}  // namespace scale::calibration
