// The keys that clients must show. Only digests are kept, so that no dump of our memory shows a key; none is ever
// logged.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>

namespace scale::rollout {

class KeyRing {
  public:
    // One key a line; empty lines and those that begin with '#' are passed over. Throws an input error for a file that
    // others may read, that holds no key, or a key shorter than 16 characters.
    explicit KeyRing(const std::filesystem::path& file);

    bool holds(std::string_view key) const;
    std::size_t size() const { return digests_.size(); }

  private:
    std::unordered_set<std::string> digests_;
};

}  // namespace scale::rollout
