#include "model/gguf_writer.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "model/abandoned.h"
#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

constexpr std::uint64_t alignment = 32;
constexpr std::size_t longest_name = 63;  // the engine's buffer, with its final zero, has 64
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

template <typename T>
void put(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& bytes, std::string_view text) {
    put(bytes, std::uint64_t{text.size()});
    bytes += text;
}

std::uint64_t padding(std::uint64_t bytes) {
    return (alignment - bytes % alignment) % alignment;
}

template <typename T>
void put_numbers(std::string& bytes, std::uint32_t type, std::span<const T> values) {
    put(bytes, type);
    put(bytes, std::uint64_t{values.size()});
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

void GgufHeader::pair(std::string_view key, std::uint32_t type) {
    put_text(pairs_, key);
    put(pairs_, type);
    ++pair_count_;
}

void GgufHeader::text(std::string_view key, std::string_view value) {
    pair(key, gguf_type::text);
    put_text(pairs_, value);
}

void GgufHeader::number(std::string_view key, std::uint64_t value) {
    if (value > std::numeric_limits<std::uint32_t>::max())
        throw core::input_error(fmt::format("{} is {}", key, value), "a number that fits in 32 bits");
    pair(key, gguf_type::uint32);
    put(pairs_, static_cast<std::uint32_t>(value));
}

void GgufHeader::real(std::string_view key, double value) {
    pair(key, gguf_type::float32);
    put(pairs_, static_cast<float>(value));
}

void GgufHeader::flag(std::string_view key, bool value) {
    pair(key, gguf_type::boolean);
    put(pairs_, static_cast<std::uint8_t>(value));
}

void GgufHeader::texts(std::string_view key, std::span<const std::string> values) {
    pair(key, gguf_type::array);
    put(pairs_, gguf_type::text);
    put(pairs_, std::uint64_t{values.size()});
    for (const std::string& value : values) put_text(pairs_, value);
}

void GgufHeader::reals(std::string_view key, std::span<const float> values) {
    pair(key, gguf_type::array);
    put_numbers(pairs_, gguf_type::float32, values);
}

void GgufHeader::integers(std::string_view key, std::span<const std::int32_t> values) {
    pair(key, gguf_type::array);
    put_numbers(pairs_, gguf_type::int32, values);
}

void GgufHeader::tensor(std::string_view name, const TensorType& type, std::span<const std::uint64_t> shape) {
    if (!is_usable_name(name) || name.size() > longest_name)
        throw core::input_error(fmt::format("a tensor to be written is named {}", shown(name)),
                                fmt::format("a printable name of at most {} bytes", longest_name));
    std::uint64_t blocks = 1;
    put_text(infos_, name);
    put(infos_, static_cast<std::uint32_t>(shape.size()));
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::uint64_t length = i == 0 ? shape[0] / type.block : shape[i];
        if (length == 0 || (i == 0 && shape[0] % type.block != 0) || blocks > largest / type.bytes / length)
            throw core::input_error(
                fmt::format("tensor {} to be written has a shape that {} cannot hold", shown(name), type.name));
        blocks *= length;
        put(infos_, shape[i]);
    }
    put(infos_, type.id);
    put(infos_, data_bytes_);
    tensor_bytes_.push_back(blocks * type.bytes);
    data_bytes_ += tensor_bytes_.back() + padding(tensor_bytes_.back());
}

std::string GgufHeader::bytes() const {
    std::string bytes = "GGUF";
    put(bytes, std::uint32_t{3});
    put(bytes, std::uint64_t{tensor_bytes_.size()});
    put(bytes, pair_count_);
    bytes += pairs_;
    bytes += infos_;
    bytes.append(padding(bytes.size()), '\0');
    return bytes;
}

GgufWriter::GgufWriter(std::filesystem::path path, const GgufHeader& header)
    : path_(std::filesystem::absolute(path)),
      tensor_bytes_(header.tensor_bytes().begin(), header.tensor_bytes().end()) {
    const std::string head = header.bytes();
    std::error_code failure;
    std::filesystem::create_directories(path_.parent_path(), failure);
    if (failure) throw core::system_error("cannot make the folder " + path_.parent_path().string(), failure.value());
    remove_abandoned(path_);
    core::require_free_space(path_.parent_path(), head.size() + header.data_bytes(), path_.filename().string());
    temporary_ = partial_name(path_);
    file_ = core::FileDescriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file_) throw core::system_error("cannot write " + path_.string(), errno);
    core::write_all(file_.get(), head, path_.string());
}

GgufWriter::~GgufWriter() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void GgufWriter::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (at_ == tensor_bytes_.size()) throw std::logic_error("more data than the tensors of the header");
        const std::uint64_t left = tensor_bytes_[at_] - written_;
        const auto part = bytes.subspan(0, std::min<std::uint64_t>(left, bytes.size()));
        core::write_all(file_.get(), {reinterpret_cast<const char*>(part.data()), part.size()}, path_.string());
        bytes = bytes.subspan(part.size());
        written_ += part.size();
        if (written_ < tensor_bytes_[at_]) continue;
        core::write_all(file_.get(), std::string(padding(written_), '\0'), path_.string());
        written_ = 0;
        ++at_;
    }
}

void GgufWriter::publish() {
    if (at_ != tensor_bytes_.size()) throw std::logic_error(fmt::format("the data ends at tensor {}", at_));
    if (::fsync(file_.get()) != 0) throw core::system_error("cannot write " + path_.string(), errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
        throw core::system_error("cannot write " + path_.string(), errno);
    temporary_.clear();
    core::sync_folder(path_.parent_path());
}

}  // namespace scale::model
