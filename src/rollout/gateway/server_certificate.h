// The gateway's certificate and private key, and the authorities whose clients it serves; see ReloadedContext.
#pragma once

#include <filesystem>

#include "rollout/http/reloaded_context.h"

namespace scale::rollout {

class ServerCertificate : public http::ReloadedContext {
  public:
    // Throws as TlsContext::for_server does.
    ServerCertificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                      const std::filesystem::path& client_authorities = {});

    const std::filesystem::path& file() const { return certificate_; }
    const std::filesystem::path& key() const { return key_; }
    // Clients must show a certificate.
    bool asks_clients() const { return !client_authorities_.empty(); }

  private:
    const std::filesystem::path certificate_;
    const std::filesystem::path key_;
    const std::filesystem::path client_authorities_;
};

}  // namespace scale::rollout
