// What is replaced before a request is stored. Names, street addresses, dates and organisations are not among them: to
// find those takes a named-entity model, and no figure is claimed for them (docs/measurements/redaction.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scale::calibration {

enum class Sensitive : std::uint8_t {
    private_key,      // PEM block
    web_token,        // JWT
    url_credentials,  // user:password@ in a URL, or a secret in its query
    vendor_key,       // a key with a vendor's known prefix
    assigned_secret,  // "password: …", "Authorization: Bearer …"
    email,
    iban,         // mod 97 holds
    card,         // Luhn holds and the issuer's prefix is known
    national_id,  // see national_ids.h
    ip_address,   // version 4 or 6, public
    phone,
    high_entropy,  // a long string that looks random
};

inline constexpr std::size_t sensitive_kinds = 12;

constexpr std::string_view sensitive_name(Sensitive kind) {
    constexpr std::array<std::string_view, sensitive_kinds> names{
        "private key", "web token", "URL credentials", "vendor key", "assigned secret", "e-mail",
        "IBAN",        "card",      "national id",     "IP address", "phone",           "high-entropy string"};
    return names[static_cast<std::size_t>(kind)];
}

using RedactionCounts = std::array<std::uint64_t, sensitive_kinds>;  // by Sensitive

}  // namespace scale::calibration
