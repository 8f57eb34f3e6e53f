#include "rollout/gateway/server_certificate.h"

namespace scale::rollout {

ServerCertificate::ServerCertificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                     const std::filesystem::path& client_authorities)
    : ReloadedContext({certificate, key, client_authorities}, "the certificate",
                      [=] { return http::TlsContext::for_server(certificate, key, client_authorities); }),
      certificate_(certificate),
      key_(key),
      client_authorities_(client_authorities) {}

}  // namespace scale::rollout
