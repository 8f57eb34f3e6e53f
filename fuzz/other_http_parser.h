// Requests as another parser reads them: llhttp, which Node.js serves with (Debian's node-llhttp carries its C
// sources).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scale::fuzz {

// One whole request.
struct ReadRequest {
    std::string method;
    std::string target;
    int minor_version = 1;
    std::vector<std::pair<std::string, std::string>> headers;  // values without the white space around them
    std::string body;
    bool keep_alive = true;

    bool operator==(const ReadRequest&) const = default;
};

// A stream of requests on one connection, up to the first that ends it, is refused, or is not whole.
struct ReadStream {
    std::vector<ReadRequest> requests;
    std::string refusal;  // why what follows them was refused; "" where it is wanting more, or the connection ended
};

ReadStream read_with_llhttp(std::string_view bytes);

}  // namespace scale::fuzz
