// The gateway's certificate and private key, read again when their files change or when somebody asks (SIGHUP). What
// cannot be used is said and left alone: the certificate in use stays. Open connections keep theirs.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "rollout/http/tls_context.h"

namespace scale::rollout {

class ServerCertificate {
  public:
    // Throws as TlsContext::for_server does.
    ServerCertificate(std::filesystem::path certificate, std::filesystem::path key);

    // From any thread.
    std::shared_ptr<const http::TlsContext> current() const;
    const std::filesystem::path& file() const { return certificate_; }
    std::string problem() const;                        // of the last reading, "" where it went well
    void ask_reload() noexcept { asked_.store(true); }  // from a signal handler too

    // Reads the files where they differ from what was read last, or where it was asked for. One thread at a time.
    void look();

  private:
    std::uint64_t version() const;

    const std::filesystem::path certificate_;
    const std::filesystem::path key_;
    std::atomic<bool> asked_{false};
    std::uint64_t version_ = 0;  // of the files that were read last
    mutable std::mutex mutex_;
    std::shared_ptr<const http::TlsContext> current_;
    std::string problem_;
};

}  // namespace scale::rollout
