#include "core/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace scale::core {

namespace {

std::string joined(const std::string& found, const std::string& expected, const std::string& next) {
    std::string text = found;
    if (!expected.empty()) text += "\nexpected: " + expected;
    if (!next.empty()) text += "\nnext: " + next;
    return text;
}

}  // namespace

Error::Error(ErrorKind kind, std::string found, std::string expected, std::string next)
    : std::runtime_error(joined(found, expected, next)),
      kind_(kind),
      found_(std::move(found)),
      expected_(std::move(expected)),
      next_(std::move(next)) {}

Error input_error(std::string found, std::string expected, std::string next) {
    return {ErrorKind::input, std::move(found), std::move(expected), std::move(next)};
}
Error io_error(std::string found, std::string expected, std::string next) {
    return {ErrorKind::io, std::move(found), std::move(expected), std::move(next)};
}
Error worker_error(std::string found, std::string expected, std::string next) {
    return {ErrorKind::worker, std::move(found), std::move(expected), std::move(next)};
}
Error usage_error(std::string found, std::string expected, std::string next) {
    return {ErrorKind::usage, std::move(found), std::move(expected), std::move(next)};
}
Error refused(std::string found, std::string expected, std::string next) {
    return {ErrorKind::refused, std::move(found), std::move(expected), std::move(next)};
}

Error system_error(const std::string& action, int errno_value) {
    std::string next;
    if (errno_value == ENOSPC || errno_value == EDQUOT) next = "free disk space and run the same command again";
    if (errno_value == EACCES || errno_value == EROFS || errno_value == EPERM)
        next = "check the owner and the permissions of the folder";
    return io_error(action + ": " + std::strerror(errno_value), {}, next);
}

}  // namespace scale::core
