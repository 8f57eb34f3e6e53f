// Which arm a unit of traffic goes to.
//
//   h = first 8 bytes, big-endian, of SHA-256(salt ‖ 0x1f ‖ experiment ‖ 0x1f ‖ key)
//   candidate  ⟺  h / 2⁶⁴ < share            (share in parts per million; compared exactly, in integers)
//
// The same unit always lands on the same side; raising the share only adds units to the candidate; a new experiment id
// shuffles anew; the secret salt keeps clients from choosing a key that lands where they like.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rollout/control/controller.h"

namespace scale::rollout {

inline constexpr std::int64_t whole_ppm = 1'000'000;

// The unit of one request: the first of its keys that is present.
struct UnitKey {
    KeyKind kind = KeyKind::request;
    std::string value;
};
// Without any key the request is its own unit, under a random value.
UnitKey unit_key(const RequestIdentity& identity);

class Assigner {
  public:
    explicit Assigner(std::string salt) : salt_(std::move(salt)) {}

    std::uint64_t position(std::string_view experiment, std::string_view key) const;
    Arm arm(std::string_view experiment, std::string_view key, std::int64_t share_ppm) const;

    // What the log shows instead of a key: SHA-256(salt ‖ 0x1f ‖ domain ‖ 0x1f ‖ text) in hexadecimal.
    std::string digest(std::string_view domain, std::string_view text) const;

  private:
    std::string salt_;
};

// h / 2⁶⁴ < share / 10⁶, exactly. A share of 0 holds nobody, one of a million everybody.
bool within_share(std::uint64_t position, std::int64_t share_ppm);

}  // namespace scale::rollout
