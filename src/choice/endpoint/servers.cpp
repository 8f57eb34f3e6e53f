#include "choice/endpoint/servers.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "core/error.h"
#include "core/text.h"

namespace scale::choice {

namespace {

constexpr const char* usage = "scale choose --endpoint original=URL --endpoint w8a8=URL";
const client::ServerAdvice advice{"correct its --endpoint", "leave --key-variable out"};

// The candidate of a server's name: as the table has it, or as `scale quantize --format` does.
std::string candidate_of(const std::string& name) {
    const std::string wanted = core::to_lower(name);
    if (wanted == "original") return wanted;
    std::vector<std::string> known{"original"};
    for (const CandidateType& type : candidate_types()) {
        if (type.target != "vllm") continue;
        if (core::to_lower(type.name) == wanted || type.checkpoint == wanted) return std::string(type.name);
        known.emplace_back(type.checkpoint.empty() ? type.name : type.checkpoint);
    }
    const std::string near = core::nearest(wanted, known);
    throw core::usage_error(fmt::format("--endpoint names '{}', which is no candidate for a server", name),
                            fmt::format("one of {}", fmt::join(known, ", ")),
                            near.empty() ? std::string(usage) : fmt::format("did you mean '{}'?", near));
}

struct Endpoint {
    std::string candidate;
    std::string url;
};

Endpoint parse(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string url = equals == std::string::npos ? std::string() : text.substr(equals + 1);
    if (!url.starts_with("http://") && !url.starts_with("https://"))
        throw core::usage_error("--endpoint does not say which server is whose: " + text,
                                "a name, '=' and a URL that begins with http:// or https://", usage);
    return {candidate_of(text.substr(0, equals)), url};
}

std::vector<Endpoint> parse_all(const std::vector<std::string>& texts) {
    std::vector<Endpoint> endpoints;
    for (const std::string& text : texts) {
        Endpoint endpoint = parse(text);
        for (const Endpoint& other : endpoints)
            if (other.candidate == endpoint.candidate)
                throw core::usage_error("--endpoint names a server for " + endpoint.candidate + " twice",
                                        "one for each", usage);
        endpoints.push_back(std::move(endpoint));
    }
    std::stable_partition(endpoints.begin(), endpoints.end(),
                          [](const Endpoint& endpoint) { return endpoint.candidate == "original"; });
    if (endpoints.front().candidate != "original")
        throw core::usage_error("no --endpoint names the original's server",
                                "the original beside the candidates: rounds are paired with it", usage);
    if (endpoints.size() < 2)
        throw core::usage_error("--endpoint names the original's server alone", "a candidate's beside it", usage);
    return endpoints;
}

}  // namespace

std::vector<NamedServer> connect_servers(const EndpointOptions& options) {
    std::vector<NamedServer> servers;
    for (const Endpoint& endpoint : parse_all(options.endpoints)) {
        servers.push_back({endpoint.candidate, {{endpoint.url, "", options.key_variable}, advice}});
        const client::ModelServer& added = servers.back().server;
        for (std::size_t i = 0; i + 1 < servers.size(); ++i)
            if (servers[i].server.address() == added.address())
                throw core::input_error(fmt::format("{} and {} have the same server, {}", servers[i].candidate,
                                                    endpoint.candidate, added.address()),
                                        "a server for each", "correct one --endpoint");
    }
    return servers;
}

}  // namespace scale::choice
