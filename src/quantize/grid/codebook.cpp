#include "quantize/grid/codebook.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

int entries_of(const Grid& grid) {
    if (grid.group == 4) return grid.even_signs ? 256 : 512;
    return grid.type == "IQ2_S" ? 1024 : grid.type == "IQ2_XS" ? 512 : 256;
}

// The magnitudes of entry e in a superblock whose every sub-block has S = 1.
std::vector<float> decoded_entry(const Grid& grid, int entry) {
    Scales ones;
    ones.d = to_half(1);
    ones.s.fill(1);
    std::vector<StoredOctet> octets(static_cast<std::size_t>(grid.superblock / octet));
    octets[0].entry[0] = static_cast<std::uint16_t>(entry);
    std::vector<std::byte> bytes(grid.bytes);
    pack_octets(grid, ones, octets, bytes.data());
    auto values = engine::decode_rows(model::tensor_type(grid.type)->id, bytes.data(),
                                      static_cast<std::uint64_t>(grid.superblock), 1);
    values.resize(static_cast<std::size_t>(grid.group));
    return values;
}

Codebook read_codebook(const Grid& grid) {
    Codebook book{grid.group, entries_of(grid), grid.even_signs, {}, {}, {}, {}};
    std::vector<std::vector<float>> all;
    for (int entry = 0; entry < book.entries; ++entry) all.push_back(decoded_entry(grid, entry));
    for (const auto& values : all) book.levels.insert(book.levels.end(), values.begin(), values.end());
    std::sort(book.levels.begin(), book.levels.end());
    book.levels.erase(std::unique(book.levels.begin(), book.levels.end()), book.levels.end());
    if (book.levels.size() != static_cast<std::size_t>(grid.codes / 2) || !(book.levels.front() > 0))
        throw core::input_error(
            "the engine's " + std::string(grid.type) + " has " + std::to_string(book.levels.size()) + " magnitudes",
            std::to_string(grid.codes / 2), "build with the pinned engine");
    const auto entries = static_cast<std::size_t>(book.entries), group = static_cast<std::size_t>(book.group);
    book.magnitudes.resize(entries * group);
    book.entry_of.assign(std::size_t{1} << (group == 4 ? 12 : 16), std::int16_t{-1});
    for (std::size_t entry = 0; entry < entries; ++entry) {
        for (std::size_t j = 0; j < group; ++j) {
            book.magnitudes[j * entries + entry] = all[entry][j];
            const auto level = std::lower_bound(book.levels.begin(), book.levels.end(), all[entry][j]);
            book.codes.push_back(static_cast<std::uint8_t>(level - book.levels.begin()));
        }
        book.entry_of[book.key_of(book.codes.data() + entry * group)] = static_cast<std::int16_t>(entry);
    }
    return book;
}

}  // namespace

const Codebook& codebook_of(const Grid& grid) {
    static const std::map<std::string_view, Codebook> books = [] {
        std::map<std::string_view, Codebook> all;
        for (const Grid& each : all_grids())
            if (each.has_codebook()) all.emplace(each.type, read_codebook(each));
        return all;
    }();
    // Searched for every weight on some paths: five short strings, compared by address first.
    for (const auto& [type, book] : books)
        if (type.data() == grid.type.data()) return book;
    return books.at(grid.type);
}

}  // namespace scale::quantize
