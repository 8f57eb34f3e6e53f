#include "quality/endpoint/requests.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "client/http_call.h"
#include "core/error.h"

namespace scale::quality {
namespace {

constexpr int tries = 4;
constexpr std::chrono::milliseconds first_pause{500};  // doubled after each try

bool worth_another_try(const client::HttpAnswer& answer) {
    return (answer.status == 0 && !answer.too_long) || answer.status == 429 ||
           (answer.status >= 502 && answer.status <= 504);
}

}  // namespace

const client::ServerAdvice server_advice{"correct original_url and candidate_url in [quality] of scale.toml",
                                         "take key_variable out of [quality] in scale.toml"};

std::string post(const client::ModelServer& server, const std::string& path, const core::Json& body,
                 std::size_t longest_answer) {
    client::HttpCall call = server.call(path, body);
    call.longest_answer = longest_answer;
    client::HttpAnswer answer;
    auto pause = first_pause;
    for (int attempt = 0; attempt < tries; ++attempt, pause *= 2) {
        if (attempt > 0) std::this_thread::sleep_for(pause);
        answer = client::call_http(call);
        if (!worth_another_try(answer)) break;
    }
    if (answer.status != 200)
        throw core::io_error(fmt::format("{}{} gave {}", server.address(), path, client::words_of(answer)),
                             "an answer to the item", "see to the server, then scale lock goes on where it was");
    return answer.body;
}

}  // namespace scale::quality
