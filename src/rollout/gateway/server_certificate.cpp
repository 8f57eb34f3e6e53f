#include "rollout/gateway/server_certificate.h"

#include <sys/stat.h>
#include <utility>

#include "core/error.h"
#include "core/progress.h"

namespace scale::rollout {

ServerCertificate::ServerCertificate(std::filesystem::path certificate, std::filesystem::path key)
    : certificate_(std::move(certificate)),
      key_(std::move(key)),
      version_(version()),
      current_(http::TlsContext::for_server(certificate_, key_)) {}

std::shared_ptr<const http::TlsContext> ServerCertificate::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::string ServerCertificate::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

std::uint64_t ServerCertificate::version() const {
    std::uint64_t version = 1;
    for (const auto& path : {certificate_, key_}) {
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

void ServerCertificate::look() {
    const std::uint64_t newest = version();
    if (!asked_.exchange(false) && newest == version_) return;
    version_ = newest;
    std::shared_ptr<const http::TlsContext> fresh;
    std::string problem;
    try {
        fresh = http::TlsContext::for_server(certificate_, key_);
    } catch (const core::Error& error) {
        problem = error.found();
    }
    core::say(fresh ? "the certificate was read again" : problem + "; the certificate in use stays");
    const std::lock_guard lock(mutex_);
    problem_ = std::move(problem);
    if (fresh) current_ = std::move(fresh);
}

}  // namespace scale::rollout
