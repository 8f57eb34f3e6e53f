#include "rollout/state/durable_replace.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace scale::rollout {

void durable_replace(const std::filesystem::path& path, const std::filesystem::path& fresh, std::string_view bytes,
                     const StepHook& before_step) {
    const auto at = [&](const char* step) {
        if (before_step) before_step(step);
    };
    const core::FileDescriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) throw core::system_error("cannot write " + fresh.string(), errno);
    at("opened");
    core::write_all(file.get(), bytes.substr(0, bytes.size() / 2), fresh.string());
    at("half written");
    core::write_all(file.get(), bytes.substr(bytes.size() / 2), fresh.string());
    at("written");
    if (::fsync(file.get()) != 0) throw core::system_error("cannot write " + fresh.string(), errno);
    at("synced");
    if (::rename(fresh.c_str(), path.c_str()) != 0) throw core::system_error("cannot replace " + path.string(), errno);
    at("renamed");
    core::sync_folder(path.parent_path());
    at("durable");
}

}  // namespace scale::rollout
