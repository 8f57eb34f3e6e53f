#include "rollout/assignment/assigner.h"

#include "core/hash.h"
#include "core/secret_file.h"

namespace scale::rollout {

namespace {

constexpr std::string_view separator{"\x1f", 1};

}  // namespace

const char* to_string(KeyKind kind) {
    switch (kind) {
        case KeyKind::header:
            return "header";
        case KeyKind::safety_identifier:
            return "safety_identifier";
        case KeyKind::user:
            return "user";
        case KeyKind::session:
            return "session";
        case KeyKind::api_key:
            return "api_key";
        case KeyKind::request:
            return "request";
    }
    return "request";
}

UnitKey unit_key(const RequestIdentity& identity) {
    if (!identity.header.empty()) return {KeyKind::header, std::string(identity.header)};
    if (!identity.safety_identifier.empty())
        return {KeyKind::safety_identifier, std::string(identity.safety_identifier)};
    if (!identity.user.empty()) return {KeyKind::user, std::string(identity.user)};
    if (!identity.session.empty()) return {KeyKind::session, std::string(identity.session)};
    if (!identity.api_key.empty()) return {KeyKind::api_key, core::sha256_hex(identity.api_key)};
    return {KeyKind::request, core::random_hex(16)};
}

std::uint64_t Assigner::position(std::string_view experiment, std::string_view key) const {
    core::Sha256 hash;
    for (const std::string_view part : {std::string_view(salt_), separator, experiment, separator, key})
        hash.update(part);
    const auto digest = hash.digest();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | digest[static_cast<std::size_t>(i)];
    return value;
}

Arm Assigner::arm(std::string_view experiment, std::string_view key, std::int64_t share_ppm) const {
    return within_share(position(experiment, key), share_ppm) ? Arm::candidate : Arm::original;
}

std::string Assigner::digest(std::string_view domain, std::string_view text) const {
    core::Sha256 hash;
    for (const std::string_view part : {std::string_view(salt_), separator, domain, separator, text}) hash.update(part);
    return hash.hex();
}

bool within_share(std::uint64_t position, std::int64_t share_ppm) {
    if (share_ppm <= 0) return false;
    if (share_ppm >= whole_ppm) return true;
    __extension__ using Wide = unsigned __int128;
    return Wide{position} * static_cast<std::uint64_t>(whole_ppm) < Wide{static_cast<std::uint64_t>(share_ppm)} << 64;
}

}  // namespace scale::rollout
