// The servers that a trial runs on, as named on the command line.
#pragma once

#include <string>
#include <vector>

#include "client/model_server.h"

namespace scale::choice {

struct EndpointOptions {
    std::vector<std::string> endpoints;  // "original=URL", "w8a8=URL", "W8A8-INT8=URL"
    std::string key_variable;            // of all of them; "": no key
};

struct NamedServer {
    std::string candidate;  // "original", or a candidate's name in the table
    client::ModelServer server;
};

// The original's first. Throws a usage error for names and URLs that cannot be meant; an input error where a server
// does not answer, or one stands for two.
std::vector<NamedServer> connect_servers(const EndpointOptions& options);

}  // namespace scale::choice
