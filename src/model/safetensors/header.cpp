#include "model/safetensors/header.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "core/error.h"
#include "model/gguf_metadata.h"
#include "model/safetensors/header_events.h"

namespace scale::model {

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

class HeaderReader {
  public:
    HeaderReader(std::uint64_t data_offset, std::uint64_t data_bytes, const std::string& source)
        : data_offset_(data_offset), data_bytes_(data_bytes), source_(source) {}

    SafetensorsHeader read(std::string_view json) {
        HeaderEvents events;
        if (!HeaderEvents::Json::sax_parse(json, &events))
            fail(events.fault(), "{\"name\": {\"dtype\", \"shape\", \"data_offsets\"}, …}");
        SafetensorsHeader header;
        header.metadata = std::move(events.metadata());
        header.tensors.reserve(events.entries().size());
        for (const HeaderEntry& entry : events.entries()) header.tensors.push_back(checked(entry));
        check_layout(header.tensors);
        return header;
    }

  private:
    [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
        throw core::input_error(fmt::format("{}: {}", source_, found), expected,
                                "the file is damaged or cut short: copy or download it again");
    }

    SafetensorInfo checked(const HeaderEntry& entry) const {
        SafetensorInfo tensor;
        tensor.name = entry.name;
        tensor.type = element_type(*entry.type);
        if (!tensor.type)
            fail(fmt::format("tensor {} has the unknown dtype {}", shown(entry.name), shown(*entry.type)),
                 "a dtype such as BF16, F16, F32, I8 or I32");
        tensor.shape = *entry.shape;
        tensor.elements = 1;
        for (const std::uint64_t length : tensor.shape) {
            if (length != 0 && tensor.elements > largest / length)
                fail(fmt::format("tensor {} has more than 2^63 elements", shown(entry.name)),
                     "a shape that fits the data");
            tensor.elements *= length;
        }
        if (tensor.elements > largest / tensor.type->bytes)
            fail(fmt::format("tensor {} has more than 2^63 bytes", shown(entry.name)), "a shape that fits the data");
        tensor.bytes = tensor.elements * tensor.type->bytes;
        place(entry, tensor);
        return tensor;
    }

    void place(const HeaderEntry& entry, SafetensorInfo& tensor) const {
        const std::uint64_t begin = (*entry.offsets)[0];
        const std::uint64_t end = (*entry.offsets)[1];
        if (begin > end)
            fail(fmt::format("tensor {} has data_offsets {} to {}", shown(entry.name), begin, end), "begin before end");
        if (end > data_bytes_)
            fail(
                fmt::format("tensor {} ends at byte {} of the data, which has {}", shown(entry.name), end, data_bytes_),
                "every tensor inside the file");
        if (end - begin != tensor.bytes)
            fail(fmt::format("tensor {} has {} bytes", shown(entry.name), end - begin),
                 fmt::format("{}, which is what its shape and dtype {} need", tensor.bytes, tensor.type->name));
        tensor.offset = data_offset_ + begin;
    }

    void check_layout(std::vector<SafetensorInfo>& tensors) const {
        std::sort(tensors.begin(), tensors.end(), [](const SafetensorInfo& a, const SafetensorInfo& b) {
            return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
        });
        std::uint64_t next = data_offset_;
        for (const SafetensorInfo& tensor : tensors) {
            if (tensor.offset != next)
                fail(fmt::format("tensor {} starts at byte {} of the data and {}", shown(tensor.name),
                                 tensor.offset - data_offset_,
                                 tensor.offset < next ? "overlaps another" : "leaves a gap"),
                     fmt::format("byte {}, where the one before it ends", next - data_offset_));
            next += tensor.bytes;
        }
        if (next != data_offset_ + data_bytes_)
            fail(fmt::format("{} bytes after the last tensor", data_offset_ + data_bytes_ - next),
                 "a file that ends with its last tensor");
    }

    std::uint64_t data_offset_;
    std::uint64_t data_bytes_;
    const std::string& source_;
};

}  // namespace

SafetensorsHeader read_header(std::string_view json, std::uint64_t data_offset, std::uint64_t data_bytes,
                              const std::string& source) {
    return HeaderReader(data_offset, data_bytes, source).read(json);
}

}  // namespace scale::model
