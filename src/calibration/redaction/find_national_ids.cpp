// National identification numbers, of the countries listed in the table. Where a number has no check digit, or one that
// a random number passes too often, a word before it has to say what it is.

#include <algorithm>
#include <memory>
#include <string>

#include "calibration/redaction/checksums.h"
#include "calibration/redaction/finding.h"
#include "calibration/redaction/patterns.h"

namespace scale::calibration {

namespace {

constexpr std::size_t context_reach = 40;  // bytes

std::string bare(std::string_view text) {
    std::string kept;
    std::copy_if(text.begin(), text.end(), std::back_inserter(kept), is_word_byte);
    return kept;
}

bool us_ssn(std::string_view digits) {  // never given out: area 000, 666, 900–999; group 00; serial 0000
    return digits.substr(0, 3) != "666" && digits[0] != '9' && digits.substr(3, 2) != "00" &&
           digits.substr(5) != "0000";
}

bool is_date(int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
int number(std::string_view digits) {
    return std::stoi(std::string(digits));
}

bool polish(std::string_view digits) {  // the month carries the century: + 80, 0, 20, 40, 60
    return pesel_holds(digits) && is_date(number(digits.substr(2, 2)) % 20, number(digits.substr(4, 2)));
}
bool swedish(std::string_view digits) {  // YYMMDD or YYYYMMDD, then four; Luhn over the last ten
    const std::string_view ten = digits.substr(digits.size() - 10);
    return luhn_holds(ten) && is_date(number(ten.substr(2, 2)), number(ten.substr(4, 2)));
}
bool finnish(std::string_view id) {  // DDMMYY, the century's sign was dropped by bare(), three digits, check character
    static constexpr std::string_view characters = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    const auto value = static_cast<std::size_t>(
        std::stoll(std::string(id.substr(0, 6)) + std::string(id.substr(id.size() - 4, 3))) % 31);
    return characters[value] == id.back() && is_date(number(id.substr(2, 2)), number(id.substr(0, 2)));
}
bool french(std::string_view id) {
    return nir_holds(id) && (id[0] == '1' || id[0] == '2');
}
bool chinese(std::string_view id) {
    return chinese_id_holds(id) && is_date(number(id.substr(10, 2)), number(id.substr(12, 2)));
}
bool aadhaar(std::string_view digits) {
    return digits[0] >= '2' && verhoeff_holds(digits);
}
bool dutch(std::string_view digits) {  // the "eleven test": weights 9 … 2, −1
    int sum = -(digits[8] - '0');
    for (std::size_t i = 0; i < 8; ++i) sum += (digits[i] - '0') * static_cast<int>(9 - i);
    return sum % 11 == 0;
}
bool any(std::string_view) {
    return true;
}

std::string zz_like(std::string_view value, KeyedStream& stream) {
    return marked_like(value, "ZZ", stream);
}
std::string xxx_like(std::string_view value, KeyedStream& stream) {
    return marked_like(value, "XXX", stream);
}
std::string x0000_like(std::string_view value, KeyedStream& stream) {
    return marked_like(value, "X0000", stream);
}
std::string six_zeros_like(std::string_view value, KeyedStream& stream) {
    return marked_like(value, "000000", stream);
}

struct NationalId {
    std::string_view name;
    const char* pattern;
    bool (*holds)(std::string_view bare);
    Maker make;
    std::string_view mark;  // what the bare characters of a pseudonym begin with
    std::vector<std::string_view> context;
};

const std::vector<NationalId>& national_ids() {
    static const std::vector<NationalId> table{
        {"US social security number", R"(\d{3}-\d{2}-\d{4})", us_ssn, zeros_like, "000", {}},
        {"US social security number", R"(\d{3} ?\d{2} ?\d{4})", us_ssn, zeros_like, "000", {"ssn", "social security"}},
        {"UK national insurance number",
         R"([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]|ZZ ?\d{2} ?\d{2} ?\d{2} ?[A-Z])",
         any,
         zz_like,
         "ZZ",
         {}},
        {"Spanish DNI", R"(\d{8}-?[A-Za-z])", dni_holds, zeros_like, "000", {}},
        {"Spanish NIE", R"([XYZxyz]-?\d{7}-?[A-Za-z])", dni_holds, x0000_like, "X0000", {}},
        {"French NIR", R"(\d ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2})", french, zeros_like, "000", {}},
        {"Italian codice fiscale",
         R"([A-Za-z]{6}\d\d[A-Za-z]\d\d[A-Za-z]\d{3}[A-Za-z])",
         codice_fiscale_holds,
         xxx_like,
         "XXX",
         {}},
        {"German tax id",
         R"(\d{2} ?\d{3} ?\d{3} ?\d{3})",
         mod11_10_holds,
         zeros_like,
         "000",
         {"steuer", "tax id", "idnr", "tin"}},
        {"Polish PESEL", R"(\d{11})", polish, six_zeros_like, "000000", {}},
        {"Swedish personal number", R"((?:\d{2})?\d{6}[-+]\d{4})", swedish, six_zeros_like, "000000", {}},
        {"Finnish personal code", R"(\d{6}[-+A]\d{3}[0-9A-Y])", finnish, six_zeros_like, "000000", {}},
        {"Dutch BSN", R"(\d{9})", dutch, zeros_like, "000", {"bsn", "burgerservice", "sofinummer"}},
        {"Brazilian CPF", R"(\d{3}\.\d{3}\.\d{3}-\d{2})", cpf_holds, zeros_like, "000", {}},
        {"Brazilian CPF", R"(\d{11})", cpf_holds, zeros_like, "000", {"cpf"}},
        {"Indian Aadhaar", R"(\d{4}[ -]\d{4}[ -]\d{4})", aadhaar, zeros_like, "000", {}},
        {"Indian PAN", R"([A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z])", any, xxx_like, "XXX", {"pan", "permanent account"}},
        {"Chinese resident id", R"(\d{17}[\dXx])", chinese, six_zeros_like, "000000", {}},
        {"passport number", R"([A-Z]{0,2}\d{6,9})", any, zeros_like, "000", {"passport"}},
    };
    return table;
}

const std::vector<std::unique_ptr<re2::RE2>>& compiled() {
    static const auto patterns = [] {
        std::vector<std::unique_ptr<re2::RE2>> made;
        for (const NationalId& id : national_ids()) made.push_back(std::make_unique<re2::RE2>(id.pattern));
        return made;
    }();
    return patterns;
}

bool part_of_longer_number(std::string_view text, std::size_t begin, std::size_t end) {
    const bool before =
        begin > 1 && (text[begin - 1] == '-' || text[begin - 1] == '.') && is_digit_byte(text[begin - 2]);
    const bool after = end + 1 < text.size() && (text[end] == '-' || text[end] == '.') && is_digit_byte(text[end + 1]);
    return before || after;
}

}  // namespace

void find_national_ids(std::string_view text, Findings& found) {
    if (std::count_if(text.begin(), text.end(), is_digit_byte) < 4) return;
    for (std::size_t i = 0; i < national_ids().size(); ++i) {
        const NationalId& id = national_ids()[i];
        each_match<1>(*compiled()[i], text, [&](const std::string_view* match) {
            const std::size_t begin = offset_in(text, match[0]);
            const std::size_t end = begin + match[0].size();
            if (!stands_alone(text, begin, end) || part_of_longer_number(text, begin, end)) return;
            const std::string characters = bare(match[0]);
            const bool ours = characters.starts_with(id.mark);
            if (!ours && !id.holds(characters)) return;
            if (!id.context.empty() && !has_context(text, begin, context_reach, id.context)) return;
            found.push_back({begin, end, Sensitive::national_id, ours ? nullptr : id.make});
        });
    }
}

}  // namespace scale::calibration
