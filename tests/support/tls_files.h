// Certificates for tests, made by the openssl program: an authority, a server certificate of it, and another authority
// that has nothing to do with either.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "core/file.h"

namespace scale::test {

using SslContext = std::shared_ptr<SSL_CTX>;

class TlsFiles {
  public:
    TlsFiles() {
        make_authority("ca");
        make_authority("other");
        make_server("server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    }

    std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
    std::filesystem::path certificate(const std::string& name) const { return path(name + ".pem"); }
    std::filesystem::path key(const std::string& name) const { return path(name + ".key"); }

    // A server certificate signed by "ca", with its key.
    void make_server(const std::string& name, const std::string& names) {
        request(name, fmt::format("-CA {0}.pem -CAkey {0}.key -addext {1}", path("ca").string(), names));
    }
    // A client's certificate, signed by `authority`; one of negative days has expired.
    void make_client(const std::string& name, const std::string& authority, int days = 30) {
        run(fmt::format("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={0} -keyout {1} -out {2}.csr",
                        name, key(name).string(), path(name).string()));
        core::write_file_atomic(path("client.cnf"), "extendedKeyUsage=clientAuth\n");
        run(fmt::format(
            "x509 -req -in {0}.csr -CA {1}.pem -CAkey {1}.key -set_serial 7 -days {2} -extfile {3} -out {0}.pem",
            path(name).string(), path(authority).string(), days, path("client.cnf").string()));
    }
    void run(const std::string& arguments) {
        const std::string command = "openssl " + arguments + " 2>/dev/null";
        if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
    }

    // As OpenSSL has it, with nothing of ours: a client that trusts "ca", a server that shows "server".
    SslContext client() const {
        SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        SSL_CTX_load_verify_file(context.get(), certificate("ca").c_str());
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        return context;
    }
    // That client with a certificate of its own.
    SslContext client(const std::string& name) const {
        SslContext context = client();
        SSL_CTX_use_certificate_chain_file(context.get(), certificate(name).c_str());
        SSL_CTX_use_PrivateKey_file(context.get(), key(name).c_str(), SSL_FILETYPE_PEM);
        return context;
    }
    // That server, which serves nobody without a certificate of the authority.
    SslContext server_for_clients_of(const std::string& authority) const {
        SslContext context = server();
        SSL_CTX_load_verify_file(context.get(), certificate(authority).c_str());
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        return context;
    }
    SslContext server() const {
        SslContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate_chain_file(context.get(), certificate("server").c_str());
        SSL_CTX_use_PrivateKey_file(context.get(), key("server").c_str(), SSL_FILETYPE_PEM);
        return context;
    }

  private:
    void make_authority(const std::string& name) { request(name, ""); }
    void request(const std::string& name, const std::string& more) {
        run(fmt::format(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN={0} -keyout {1} "
            "-out {2} {3}",
            name, key(name).string(), certificate(name).string(), more));
    }

    core::TemporaryFolder folder_;
};

}  // namespace scale::test
