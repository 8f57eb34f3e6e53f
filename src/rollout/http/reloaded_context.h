// A TLS context made of files, made again when they change or when somebody asks. What cannot be used is said and left
// alone: the context in use stays. Open connections keep theirs.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rollout/http/tls_context.h"

namespace scale::rollout::http {

class ReloadedContext {
  public:
    using Make = std::function<std::shared_ptr<const TlsContext>()>;

    // `what` names it for people: "the certificate". Throws what `make` throws.
    ReloadedContext(std::vector<std::filesystem::path> files, std::string what, Make make);

    // From any thread.
    std::shared_ptr<const TlsContext> current() const;
    std::string problem() const;                        // of the last reading, "" where it went well
    void ask_reload() noexcept { asked_.store(true); }  // from a signal handler too

    // Reads the files where they differ from what was read last, or where it was asked for; true where it did. One
    // thread at a time.
    bool look();

  private:
    std::uint64_t version() const;

    const std::vector<std::filesystem::path> files_;
    const std::string what_;
    const Make make_;
    std::atomic<bool> asked_{false};
    std::uint64_t version_;  // of the files that were read last
    mutable std::mutex mutex_;
    std::shared_ptr<const TlsContext> current_;
    std::string problem_;
};

}  // namespace scale::rollout::http
