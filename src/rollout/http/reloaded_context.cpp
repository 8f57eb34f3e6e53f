#include "rollout/http/reloaded_context.h"

#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/progress.h"

namespace scale::rollout::http {

ReloadedContext::ReloadedContext(std::vector<std::filesystem::path> files, std::string what, Make make)
    : files_(std::move(files)),
      what_(std::move(what)),
      make_(std::move(make)),
      version_(version()),
      current_(make_()) {}

std::shared_ptr<const TlsContext> ReloadedContext::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::string ReloadedContext::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

std::uint64_t ReloadedContext::version() const {
    std::uint64_t version = 1;
    for (const auto& path : files_) {
        struct stat facts {};
        ::stat(path.c_str(), &facts);
        for (const auto part :
             {static_cast<std::uint64_t>(facts.st_ino), static_cast<std::uint64_t>(facts.st_size),
              static_cast<std::uint64_t>(facts.st_mode), static_cast<std::uint64_t>(facts.st_mtim.tv_sec),
              static_cast<std::uint64_t>(facts.st_mtim.tv_nsec)})
            version = version * 1'000'003 + part;
    }
    return version;
}

bool ReloadedContext::look() {
    const std::uint64_t newest = version();
    if (!asked_.exchange(false) && newest == version_) return false;
    version_ = newest;
    std::shared_ptr<const TlsContext> fresh;
    std::string problem;
    try {
        fresh = make_();
    } catch (const core::Error& error) {
        problem = error.found();
    }
    core::say(fresh ? what_ + " was read again" : fmt::format("{}; {} in use stays", problem, what_));
    const std::lock_guard lock(mutex_);
    problem_ = std::move(problem);
    if (fresh) current_ = std::move(fresh);
    return true;
}

}  // namespace scale::rollout::http
