#include "rollout/http/tls_session.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/error.h"

namespace scale::rollout::http {

// OpenSSL's own socket BIO raises SIGPIPE and knows no bound.
struct SocketBio {
    static TlsSession& owner(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int size) {
        BIO_clear_retry_flags(bio);
        TlsSession& session = owner(bio);
        const auto limit = std::min(static_cast<std::size_t>(size), session.turn_);
        const ssize_t got = limit == 0 ? -1 : ::recv(session.descriptor_, into, limit, 0);
        if (got > 0) session.turn_ -= static_cast<std::size_t>(got);
        if (got < 0 && (limit == 0 || errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
        return static_cast<int>(got);
    }

    static int write(BIO* bio, const char* bytes, int size) {
        BIO_clear_retry_flags(bio);
        const ssize_t sent = ::send(owner(bio).descriptor_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
        return static_cast<int>(sent);
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scale socket");
            BIO_meth_set_read(fresh, read);
            BIO_meth_set_write(fresh, write);
            BIO_meth_set_ctrl(fresh, control);
            return fresh;
        }();
        return made;
    }
};

namespace {

bool is_number(const std::string& host) {
    unsigned char address[16];
    return ::inet_pton(AF_INET, host.c_str(), address) == 1 || ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// Server name indication carries names alone (RFC 6066 §3); numbers are checked against the certificate all the same.
void ask_for(SSL* session, const std::string& host, bool check) {
    if (is_number(host)) {
        if (check) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
        return;
    }
    SSL_set_tlsext_host_name(session, host.c_str());
    if (!check) return;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(session, host.c_str());
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* session) const {
    SSL_free(session);
}

TlsSession::TlsSession(const TlsContext& context, int descriptor, const std::string& host)
    : descriptor_(descriptor), session_(SSL_new(context.get())) {
    BIO* bio = session_ ? BIO_new(SocketBio::method()) : nullptr;
    if (bio == nullptr) throw core::io_error("OpenSSL cannot make a TLS session: " + tls_error());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
    SSL_set_read_ahead(session_.get(), 1);
    if (SSL_is_server(session_.get())) {
        SSL_set_accept_state(session_.get());
    } else {
        ask_for(session_.get(), host, context.checks_name());
        SSL_set_connect_state(session_.get());
    }
}

TlsSession::~TlsSession() = default;

void TlsSession::fail() {
    const int code = ERR_GET_REASON(ERR_peek_error());
    peer_refused_ = code == SSL_R_CERTIFICATE_VERIFY_FAILED || code == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    const long verdict = SSL_get_verify_result(session_.get());
    failure_ = tls_error();
    if (verdict != X509_V_OK) failure_ += fmt::format(" ({})", X509_verify_cert_error_string(verdict));
}

TlsSession::Result TlsSession::result_of(int returned) {
    if (returned > 0) return Result::done;
    switch (SSL_get_error(session_.get(), returned)) {
        case SSL_ERROR_WANT_WRITE:
            wants_write_ = true;
            return Result::wait;
        case SSL_ERROR_WANT_READ:
            return Result::wait;
        case SSL_ERROR_ZERO_RETURN:
            closed_ = true;
            return Result::closed;
        default:
            fail();
            return Result::failed;
    }
}

TlsSession::Result TlsSession::handshake() {
    wants_write_ = false;
    ERR_clear_error();
    const Result result = result_of(SSL_do_handshake(session_.get()));
    established_ = result == Result::done;
    return result == Result::closed ? Result::failed : result;
}

TlsSession::Result TlsSession::read(std::span<char> into, std::size_t& count) {
    wants_write_ = false;
    ERR_clear_error();
    return result_of(SSL_read_ex(session_.get(), into.data(), into.size(), &count));
}

TlsSession::Result TlsSession::write(std::string_view bytes, std::size_t& count) {
    wants_write_ = false;
    ERR_clear_error();
    return result_of(SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count));
}

void TlsSession::end_output() {
    if (!established_ || !failure_.empty() || std::exchange(output_ended_, true)) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
}

bool TlsSession::has_input() const {
    return SSL_has_pending(session_.get()) == 1;
}

}  // namespace scale::rollout::http
