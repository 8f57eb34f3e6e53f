// What TLS connections of one kind have in common: certificate, trust, protocol limits. TLS 1.2 and 1.3 with forward
// secrecy, no renegotiation, no compression; ALPN offers and accepts http/1.1 alone (RFC 7301), so a client that speaks
// only HTTP/2 is refused within the handshake. Immutable: any thread may make sessions from it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct ssl_ctx_st;  // of OpenSSL, which stays out of the headers

namespace scale::rollout::http {

class TlsContext {
  public:
    // For a listener. `certificate` holds the chain, the server's own certificate first; `key` must not be readable by
    // others. Throws an input error where they are missing, damaged, encrypted or do not belong together.
    static std::shared_ptr<const TlsContext> for_server(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key);
    // For connections to servers, which must show a certificate of their name (or number) by one of the authorities of
    // `authorities` (PEM; "" takes the system's). Throws an input error where the file holds none.
    static std::shared_ptr<const TlsContext> for_client(const std::filesystem::path& authorities);
    // The connection is encrypted, but nobody knows with whom.
    static std::shared_ptr<const TlsContext> for_client_unverified();
    // The server must show a certificate of this file, or one signed by it, whatever its name.
    static std::shared_ptr<const TlsContext> for_client_of(const std::filesystem::path& certificate);

    ssl_ctx_st* get() const { return context_.get(); }
    bool checks_name() const { return checks_name_; }

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    TlsContext(bool server, bool checks_name);
    void verify_by(const std::filesystem::path& authorities);

    std::unique_ptr<ssl_ctx_st, Free> context_;
    bool checks_name_;
};

// The oldest error in OpenSSL's queue of this thread, for people; empties the queue.
std::string tls_error();

}  // namespace scale::rollout::http
