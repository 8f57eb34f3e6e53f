#include "client/http_call.h"

#include <curl/curl.h>
#include <mutex>

#include "core/text.h"

namespace scale::client {
namespace {

constexpr long connect_seconds = 10;

struct Transfer {
    CURL* curl;
    const HttpCall& call;
    HttpAnswer& answer;
    std::size_t bytes = 0;
    bool too_long = false;
};

std::size_t take(char* data, std::size_t, std::size_t bytes, void* into) {
    auto& transfer = *static_cast<Transfer*>(into);
    transfer.bytes += bytes;
    transfer.too_long = transfer.bytes > transfer.call.longest_answer;
    if (transfer.too_long) return 0;  // libcurl ends the transfer
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (!transfer.call.on_piece || status != 200) {
        transfer.answer.body.append(data, bytes);
        return bytes;
    }
    try {  // no exception may pass through libcurl
        transfer.call.on_piece({data, bytes});
    } catch (...) {
        return 0;
    }
    return bytes;
}

}  // namespace

struct HttpConnection::Handle {
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, curl_easy_cleanup};
};

HttpConnection::HttpConnection() : handle_(std::make_unique<Handle>()) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    handle_->curl.reset(curl_easy_init());
}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;

HttpAnswer HttpConnection::call(const HttpCall& call) {
    CURL* curl = handle_->curl.get();
    if (!curl) return {0, {}, "libcurl cannot be used"};
    curl_easy_reset(curl);  // settings; connections stay
    curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
    if (!call.bearer.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + call.bearer).c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
    HttpAnswer answer;
    Transfer transfer{curl, call, answer};
    char problem[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, call.timeout_seconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    if (!call.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    if (transfer.too_long) return {0, {}, "an answer of more than " + core::human_bytes(call.longest_answer), true};
    if (code != CURLE_OK) return {0, {}, problem[0] != '\0' ? problem : curl_easy_strerror(code)};
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

HttpAnswer call_http(const HttpCall& call) {
    return HttpConnection().call(call);
}

}  // namespace scale::client
