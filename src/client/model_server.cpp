#include "client/model_server.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace scale::client {

namespace {

constexpr std::size_t words_shown = 300, name_shown = 120;  // bytes
constexpr long listing_seconds = 30;

std::string base_of(std::string url) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.ends_with("/v1")) url += "/v1";
    return url;
}

std::string key_of(const std::string& variable, const ServerAdvice& advice) {
    if (variable.empty()) return {};
    const char* value = std::getenv(variable.c_str());
    if (!value || *value == '\0')
        throw core::input_error("the environment variable " + variable + " is not set", "the server's API key in it",
                                "set it, or " + advice.key);
    return value;
}

// What a server says of itself beside the API: vLLM and SGLang at /version, llama-server at /props.
std::string version_of(const std::string& root, const std::string& key) {
    const auto member = [&](const char* path, const char* name) -> std::string {
        const HttpAnswer answer = call_http({root + path, "", key, listing_seconds});
        if (answer.status != 200) return {};
        const core::Json value = core::Json::parse(answer.body, nullptr, false);
        if (!value.is_object() || !value.contains(name) || !value.at(name).is_string()) return {};
        return value.at(name).get<std::string>();
    };
    const std::string version = member("/version", "version");
    return version.empty() ? member("/props", "build_info") : version;
}

}  // namespace

std::string without_credentials(std::string url) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t end = std::min(url.find('/', host), url.size());
    const std::size_t at = url.rfind('@', end);
    if (at != std::string::npos && at >= host && at < end) url.erase(host, at + 1 - host);
    return url;
}

std::string printable(std::string text, std::size_t longest) {
    if (text.size() > longest) {
        while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80) --longest;
        text = text.substr(0, longest) + "…";
    }
    const bool utf8 = core::is_valid_utf8(text);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || (!utf8 && static_cast<unsigned char>(c) > 0x7F))
            c = '?';
    return text;
}

std::string words_of(const HttpAnswer& answer) {
    if (answer.status == 0) return answer.problem;
    return fmt::format("status {}: {}", answer.status, printable(answer.body, words_shown));
}

ModelServer::ModelServer(const ServerSettings& settings, const ServerAdvice& advice)
    : base_(base_of(settings.url)), shown_(without_credentials(base_)), key_(key_of(settings.key_variable, advice)) {
    const HttpAnswer answer = call_http({base_ + "/models", "", key_, listing_seconds});
    const std::string next = "start the server, or " + advice.address;
    if (answer.status != 200)
        throw core::input_error(fmt::format("{}/models gave {}", shown_, words_of(answer)), "a list of models", next);
    const core::Json list = core::parse_json(answer.body, shown_ + "/models");
    const core::Json entries = list.is_object() ? list.value("data", core::Json::array()) : core::Json::array();
    std::vector<std::string> names;
    for (const core::Json& entry : entries) {
        names.push_back(core::required<std::string>(entry, "id", shown_ + "/models"));
        if (const auto by = entry.find("owned_by"); owner_.empty() && by != entry.end() && by->is_string())
            owner_ = by->get<std::string>();
    }
    if (names.empty()) throw core::input_error(shown_ + " lists no model", "one model at least", next);
    model_ = settings.model.empty() ? names.front() : settings.model;
    if (std::find(names.begin(), names.end(), model_) == names.end())
        throw core::input_error(fmt::format("{} does not list the model {}", shown_, model_),
                                printable(fmt::format("one of {}", fmt::join(names, ", ")), words_shown), next);
}

std::string ModelServer::software() const {
    const std::string version = version_of(base_.substr(0, base_.size() - 3), key_);
    return printable(version.empty() ? owner_ : core::trimmed(owner_ + " " + version), name_shown);
}

HttpCall ModelServer::call(const std::string& path, const core::Json& body) const {
    return {base_ + path, body.is_null() ? std::string() : core::canonical(body), key_};
}

}  // namespace scale::client
