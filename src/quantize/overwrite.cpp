#include "quantize/overwrite.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace scale::quantize {

core::FileDescriptor open_to_overwrite(const std::filesystem::path& path) {
    core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) throw core::system_error("cannot write " + path.string(), errno);
    return file;
}

void overwrite(const core::FileDescriptor& file, std::uint64_t offset, std::string_view bytes,
               const std::string& name) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t written =
            ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw core::system_error("cannot write " + name, errno);
        done += static_cast<std::size_t>(written);
    }
}

void sync(const core::FileDescriptor& file, const std::string& name) {
    if (::fdatasync(file.get()) != 0) throw core::system_error("cannot write " + name, errno);
}

}  // namespace scale::quantize
