// What TLS connections of one kind have in common: certificate, trust, protocol limits. TLS 1.2 and 1.3 with forward
// secrecy, no renegotiation, no compression; ALPN offers and accepts http/1.1 alone (RFC 7301), so a client that speaks
// only HTTP/2 is refused within the handshake. Immutable: any thread may make sessions from it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct ssl_ctx_st;  // of OpenSSL, which stays out of the headers

namespace scale::rollout::http {

// Two PEM files: a chain, the holder's own certificate first, and its key, which must not be readable by others; both
// "" where there are none.
struct Credentials {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

class TlsContext {
  public:
    // Each throws an input error where a file is missing, damaged or encrypted, or where certificate and key do not
    // belong together.

    // For a listener. With `client_authorities` (PEM) a client must show a certificate that one of them has signed, or
    // the listener's own, which is that of our commands; who shows none fails the handshake. Revocation is not asked
    // for, and no session is resumed then, so that every connection proves it anew.
    static std::shared_ptr<const TlsContext> for_server(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key,
                                                        const std::filesystem::path& client_authorities = {});
    // For connections to servers, which must show a certificate of their name (or number) by one of the authorities of
    // `authorities` (PEM; "" takes the system's). `own` is shown to servers that ask for it, here and below.
    static std::shared_ptr<const TlsContext> for_client(const std::filesystem::path& authorities,
                                                        const Credentials& own = {});
    // The connection is encrypted, but nobody knows with whom.
    static std::shared_ptr<const TlsContext> for_client_unverified(const Credentials& own = {});
    // The server must show a certificate of this file, or one signed by it, whatever its name. With `key`, the file is
    // shown to the server as ours.
    static std::shared_ptr<const TlsContext> for_client_of(const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key = {});

    ssl_ctx_st* get() const { return context_.get(); }
    bool checks_name() const { return checks_name_; }

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    TlsContext(bool server, bool checks_name);
    // The settings are named in errors.
    void show(const Credentials& own, const char* certificate_setting, const char* key_setting);
    void verify_by(const std::filesystem::path& authorities);
    void require_clients_of(const std::filesystem::path& authorities);

    std::unique_ptr<ssl_ctx_st, Free> context_;
    bool checks_name_;
};

// The oldest error in OpenSSL's queue of this thread, for people; empties the queue.
std::string tls_error();

}  // namespace scale::rollout::http
