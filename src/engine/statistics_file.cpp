// The file of activation statistics, little-endian: the magic "SCALEACT", version (u32, 1), number of weights (u64);
// then for each weight its name (u32 length, bytes), number of experts (u64), of sums (u64), the counts (u64 each) and
// the sums (f64 each). Nothing follows.
#include <bit>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "engine/activations.h"

namespace scale::engine {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr std::string_view magic = "SCALEACT";
constexpr std::uint32_t version = 1;

template <typename T>
void put(std::string& bytes, const T* values, std::size_t count) {
    bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

template <typename T>
void put(std::string& bytes, T value) {
    put(bytes, &value, 1);
}

class Reader {
  public:
    Reader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - at_) throw broken("the file ends early");
        const std::string_view part = bytes_.substr(at_, count);
        at_ += count;
        return part;
    }

    template <typename T>
    T number() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    template <typename T>
    std::vector<T> list(std::uint64_t count) {
        if (count > (bytes_.size() - at_) / sizeof(T)) throw broken("a list is longer than the file");
        std::vector<T> values(count);
        std::memcpy(values.data(), take(count * sizeof(T)).data(), count * sizeof(T));
        return values;
    }

    bool at_end() const { return at_ == bytes_.size(); }

    core::Error broken(const std::string& what) const {
        return core::input_error(name_ + ", offset " + std::to_string(at_) + ": " + what,
                                 "a file of activation statistics, version 1");
    }

  private:
    std::string_view bytes_;
    std::string name_;
    std::size_t at_ = 0;
};

InputMoments read_moments(Reader& reader) {
    InputMoments moments;
    const auto experts = reader.number<std::uint64_t>();
    const auto sums = reader.number<std::uint64_t>();
    if (experts == 0 || sums % experts != 0) throw reader.broken("the sums are not a whole number for each expert");
    moments.counts = reader.list<std::uint64_t>(experts);
    moments.sum_of_squares = reader.list<double>(sums);
    return moments;
}

}  // namespace

void write_statistics(const std::filesystem::path& path, const Statistics& statistics) {
    std::string bytes(magic);
    put(bytes, version);
    put<std::uint64_t>(bytes, statistics.size());
    for (const auto& [name, moments] : statistics) {
        put(bytes, static_cast<std::uint32_t>(name.size()));
        bytes += name;
        put<std::uint64_t>(bytes, moments.counts.size());
        put<std::uint64_t>(bytes, moments.sum_of_squares.size());
        put(bytes, moments.counts.data(), moments.counts.size());
        put(bytes, moments.sum_of_squares.data(), moments.sum_of_squares.size());
    }
    core::write_file_atomic(path, bytes);
}

Statistics read_statistics(const std::filesystem::path& path) {
    const std::string bytes = core::read_file(path);
    Reader reader(bytes, path.string());
    if (bytes.size() < magic.size() || reader.take(magic.size()) != magic) throw reader.broken("another magic");
    if (const auto found = reader.number<std::uint32_t>(); found != version)
        throw reader.broken("version " + std::to_string(found));
    Statistics statistics;
    const auto count = reader.number<std::uint64_t>();
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name(reader.take(reader.number<std::uint32_t>()));
        if (!statistics.emplace(name, read_moments(reader)).second)
            throw reader.broken("'" + name + "' is there twice");
    }
    if (!reader.at_end()) throw reader.broken("bytes after the last weight");
    return statistics;
}

}  // namespace scale::engine
