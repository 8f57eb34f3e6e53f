#include "quality/endpoint/http_post.h"

#include <curl/curl.h>
#include <memory>
#include <mutex>

namespace scale::quality {
namespace {

constexpr std::size_t longest_answer = std::size_t{16} << 20;
constexpr long connect_seconds = 10;

std::size_t take(char* data, std::size_t, std::size_t bytes, void* into) {
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + bytes > longest_answer) return 0;  // libcurl ends the transfer
    body.append(data, bytes);
    return bytes;
}

}  // namespace

HttpAnswer call_http(const HttpCall& call) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
    if (!handle) return {0, {}, "libcurl cannot be used"};
    CURL* curl = handle.get();
    curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
    if (!call.bearer.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + call.bearer).c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
    HttpAnswer answer;
    char problem[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, call.timeout_seconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    if (!call.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return {0, {}, problem[0] != '\0' ? problem : curl_easy_strerror(code)};
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

}  // namespace scale::quality
