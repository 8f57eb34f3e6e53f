#include "rollout/assignment/secret.h"

#include "core/secret_file.h"

namespace scale::rollout {

std::string load_or_make_secret(const std::filesystem::path& file) {
    return core::load_or_make_secret(file, "restore it from a copy; a new one would assign every user anew");
}

bool same_secret(std::string_view left, std::string_view right) {
    if (left.size() != right.size() || left.empty()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) difference |= static_cast<unsigned char>(left[i] ^ right[i]);
    return difference == 0;
}

}  // namespace scale::rollout
