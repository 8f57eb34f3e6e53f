#include "quantize/allocation/probe_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace fs = std::filesystem;

namespace {

bool holds_plain_matrices(const fs::path& path) {
    const model::GgufFile file(path);
    return std::all_of(file.tensors().begin(), file.tensors().end(), [](const model::TensorInfo& tensor) {
        return tensor.shape.size() < 2 || tensor.type->name == "F16" || tensor.type->name == "F32";
    });
}

}  // namespace

fs::path plain_original(const fs::path& original, const fs::path& path, int threads) {
    if (holds_plain_matrices(original)) return original;
    engine::QuantizeOptions options;
    options.mix = "F16";
    options.threads = threads;
    engine::quantize(original, path, options);
    return path;
}

ProbeFile::ProbeFile(const fs::path& plain, const fs::path& path) : path_(path) {
    std::error_code ignored;
    fs::remove(path_, ignored);  // of a killed run
    core::clone_file(plain, path_);
    fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
    descriptor_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    if (!descriptor_) throw core::system_error("cannot write " + path_.string(), errno);
    plain_ = std::make_unique<model::GgufFile>(plain);
    file_ = std::make_unique<model::GgufFile>(path_);
}

ProbeFile::~ProbeFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
}

void ProbeFile::overwrite(const std::string& tensor, std::span<const std::byte> bytes) {
    const model::TensorInfo& info = *file_->tensor(tensor);
    if (bytes.size() != info.bytes)
        throw core::input_error(std::to_string(bytes.size()) + " bytes for " + tensor, std::to_string(info.bytes));
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t written = ::pwrite(descriptor_.get(), bytes.data() + done, bytes.size() - done,
                                         static_cast<off_t>(info.offset + done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw core::system_error("cannot write " + path_.string(), errno);
        done += static_cast<std::size_t>(written);
    }
}

void ProbeFile::write(const std::string& tensor, std::span<const float> values) {
    if (file_->tensor(tensor)->type->name == "F32") {
        overwrite(tensor, std::as_bytes(values));
        return;
    }
    std::vector<std::uint16_t> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), to_half);
    overwrite(tensor, std::as_bytes(std::span(halves)));
}

void ProbeFile::copy(const std::string& tensor, const ProbeFile& from) {
    overwrite(tensor, from.file_->data(*from.file_->tensor(tensor)));
}

void ProbeFile::restore(const std::string& tensor) {
    overwrite(tensor, plain_->data(*plain_->tensor(tensor)));
}

}  // namespace scale::quantize
