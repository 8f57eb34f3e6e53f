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

void require_private(const std::filesystem::path& key, const char* setting) {
    struct stat facts {};
    if (::stat(key.c_str(), &facts) != 0)
        throw core::input_error(fmt::format("the private key {} is missing", key.string()), "a PEM file",
                                fmt::format("{} in [rollout] names it", setting));
    if ((facts.st_mode & 077) != 0)
        throw core::input_error(fmt::format("the private key {} can be read by others", key.string()),
                                "a file that only its owner can read", fmt::format("chmod 600 {}", key.string()));
}

// The gateway's own certificate is that of its commands, whoever signed it and for what use; that its key is there,
// too, the handshake proves.
int verify_client(X509_STORE_CTX* shown, void*) {
    const auto* session = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(shown, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const X509* own = SSL_get_certificate(session);
    const X509* first = X509_STORE_CTX_get0_cert(shown);
    if (own == nullptr || first == nullptr || X509_cmp(own, first) != 0) return X509_verify_cert(shown);
    X509_STORE_CTX_set_error(shown, X509_V_OK);
    return 1;
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

void TlsContext::show(const Credentials& own, const char* certificate_setting, const char* key_setting) {
    require_private(own.key, key_setting);
    if (SSL_CTX_use_certificate_chain_file(get(), own.certificate.c_str()) != 1)
        throw core::input_error(
            fmt::format("the certificate {} cannot be used: {}", own.certificate.string(), tls_error()),
            "a PEM file, the holder's own certificate first",
            fmt::format("{} in [rollout] names it", certificate_setting));
    if (SSL_CTX_use_PrivateKey_file(get(), own.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(get()) != 1)
        throw core::input_error(fmt::format("the private key {} cannot be used with {}: {}", own.key.string(),
                                            own.certificate.string(), tls_error()),
                                "the certificate's own key in a PEM file without a passphrase",
                                fmt::format("{} in [rollout] names it", key_setting));
}

void TlsContext::require_clients_of(const std::filesystem::path& authorities) {
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(authorities.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(get(), authorities.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        throw core::input_error(
            fmt::format("no certificate can be read from {}: {}", authorities.string(), tls_error()),
            "a PEM file of the authorities of clients' certificates", "client_ca in [rollout] names it");
    }
    SSL_CTX_set_client_CA_list(get(), names);
    SSL_CTX_set_verify(get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(get(), verify_client, nullptr);
    SSL_CTX_set_options(get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(get(), 0);
}

std::shared_ptr<const TlsContext> TlsContext::for_server(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& key,
                                                         const std::filesystem::path& client_authorities) {
    const std::shared_ptr<TlsContext> made(new TlsContext(true, false));
    made->show({certificate, key}, "tls_certificate", "tls_key");
    if (!client_authorities.empty()) made->require_clients_of(client_authorities);
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

std::shared_ptr<const TlsContext> TlsContext::for_client(const std::filesystem::path& authorities,
                                                         const Credentials& own) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false, true));
    made->verify_by(authorities);
    if (!own.certificate.empty()) made->show(own, "upstream_certificate", "upstream_key");
    return made;
}

std::shared_ptr<const TlsContext> TlsContext::for_client_unverified(const Credentials& own) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false, false));
    if (!own.certificate.empty()) made->show(own, "upstream_certificate", "upstream_key");
    return made;
}

std::shared_ptr<const TlsContext> TlsContext::for_client_of(const std::filesystem::path& certificate,
                                                            const std::filesystem::path& key) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false, false));
    made->verify_by(certificate);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(made->get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (!key.empty()) made->show({certificate, key}, "tls_certificate", "tls_key");
    return made;
}

}  // namespace scale::rollout::http
