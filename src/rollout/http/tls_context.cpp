#include "rollout/http/tls_context.h"

#include <cstring>
#include <string_view>
#include <sys/stat.h>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/error.h"

namespace scale::rollout::http {

namespace {

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A key that needs a passphrase is an error: nobody sits in front of a daemon.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, length, http_1_1, sizeof http_1_1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

void require_private(const std::filesystem::path& key) {
    struct stat facts {};
    if (::stat(key.c_str(), &facts) != 0)
        throw core::input_error(fmt::format("the private key {} is missing", key.string()), "a PEM file",
                                "tls_key in [rollout] names it");
    if ((facts.st_mode & 077) != 0)
        throw core::input_error(fmt::format("the private key {} can be read by others", key.string()),
                                "a file that only its owner can read", fmt::format("chmod 600 {}", key.string()));
}

}  // namespace

std::string tls_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "the connection broke off";
    if (const char* reason = ERR_reason_error_string(code)) return reason;
    return fmt::format("error {:x}", code);
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsContext::TlsContext(bool server, bool checks_name)
    : context_(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())), checks_name_(checks_name) {
    ERR_clear_error();
    if (!context_) throw core::io_error("OpenSSL cannot make a TLS context: " + tls_error());
    SSL_CTX* context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // resumption goes by tickets, which take no memory
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (server) {
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    } else {
        SSL_CTX_set_alpn_protos(context, http_1_1, sizeof http_1_1);
    }
}

std::shared_ptr<const TlsContext> TlsContext::for_server(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& key) {
    require_private(key);
    const std::shared_ptr<TlsContext> made(new TlsContext(true, false));
    if (SSL_CTX_use_certificate_chain_file(made->get(), certificate.c_str()) != 1)
        throw core::input_error(fmt::format("the certificate {} cannot be used: {}", certificate.string(), tls_error()),
                                "a PEM file, the server's own certificate first",
                                "tls_certificate in [rollout] names it");
    if (SSL_CTX_use_PrivateKey_file(made->get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
        throw core::input_error(fmt::format("the private key {} cannot be used: {}", key.string(), tls_error()),
                                "the certificate's own key in a PEM file without a passphrase",
                                "tls_key in [rollout] names it");
    return made;
}

void TlsContext::verify_by(const std::filesystem::path& authorities) {
    SSL_CTX_set_verify(get(), SSL_VERIFY_PEER, nullptr);
    const bool done = authorities.empty() ? SSL_CTX_set_default_verify_paths(get()) == 1
                                          : SSL_CTX_load_verify_file(get(), authorities.c_str()) == 1;
    if (!done)
        throw core::input_error(
            fmt::format("no certificate can be read from {}: {}", authorities.string(), tls_error()),
            "a PEM file of the authorities to trust", "tls_ca in [rollout] names it");
}

std::shared_ptr<const TlsContext> TlsContext::for_client(const std::filesystem::path& authorities) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false, true));
    made->verify_by(authorities);
    return made;
}

std::shared_ptr<const TlsContext> TlsContext::for_client_unverified() {
    return std::shared_ptr<const TlsContext>(new TlsContext(false, false));
}

std::shared_ptr<const TlsContext> TlsContext::for_client_of(const std::filesystem::path& certificate) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false, false));
    made->verify_by(certificate);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(made->get()), X509_V_FLAG_PARTIAL_CHAIN);
    return made;
}

}  // namespace scale::rollout::http
