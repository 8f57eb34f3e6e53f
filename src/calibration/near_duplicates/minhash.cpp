#include "calibration/near_duplicates/minhash.h"

#include <string>
#include <vector>

#include "calibration/script.h"

namespace scale::calibration {

namespace {

constexpr std::size_t gram = 5;
constexpr std::size_t bytes_read = std::size_t{8} << 10;
constexpr std::uint64_t empty = ~std::uint64_t{0};

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdu;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53u;
    return value ^ (value >> 33);
}

// Lower case in ASCII, runs of white space as one.
std::vector<char32_t> characters_of(std::string_view text) {
    std::vector<char32_t> characters;
    text = text.substr(0, bytes_read);
    for (std::size_t at = 0; at < text.size();) {
        char32_t c = next_code_point(text, at);
        if (c == '\t' || c == '\n' || c == '\r') c = ' ';
        if (c == ' ' && (characters.empty() || characters.back() == ' ')) continue;
        characters.push_back(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    while (!characters.empty() && characters.back() == ' ') characters.pop_back();
    return characters;
}

std::array<std::uint64_t, signature_bins> bins_of(const std::vector<char32_t>& characters) {
    std::array<std::uint64_t, signature_bins> bins;
    bins.fill(empty);
    const std::size_t grams = characters.size() < gram ? 1 : characters.size() - gram + 1;
    for (std::size_t i = 0; i < grams; ++i) {
        std::uint64_t hash = 0x9e3779b97f4a7c15u;
        for (std::size_t k = i; k < i + gram && k < characters.size(); ++k)
            hash = (hash ^ characters[k]) * 0x100000001b3u;
        hash = mixed(hash);
        auto& bin = bins[hash >> 57];
        const std::uint64_t value = hash & ((std::uint64_t{1} << 57) - 1);
        if (value < bin) bin = value;
    }
    return bins;
}

}  // namespace

Signature signature_of(std::string_view text) {
    const auto bins = bins_of(characters_of(text));
    Signature signature{};
    for (std::size_t i = 0; i < signature_bins; ++i) {
        std::size_t from = i;
        // An empty bin takes another one's value, chosen by a hash that is the same for every text.
        for (std::uint64_t attempt = 1; bins[from] == empty; ++attempt)
            from = mixed((static_cast<std::uint64_t>(i) << 32) + attempt) % signature_bins;
        signature[i] = static_cast<std::uint16_t>(mixed(bins[from]));
    }
    return signature;
}

double similarity(const Signature& a, const Signature& b) {
    std::size_t equal = 0;
    for (std::size_t i = 0; i < signature_bins; ++i) equal += a[i] == b[i] ? 1 : 0;
    return static_cast<double>(equal) / signature_bins;
}

}  // namespace scale::calibration
