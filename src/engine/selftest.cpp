#include "engine/selftest.h"

#include <cstdio>

#include <ggml.h>

namespace scale::engine {

core::Json selftest_abort(const core::Json& request, JobContext&) {
    const auto message = core::required<std::string>(request, "message", "the request");
    GGML_ABORT("%s", message.c_str());
}

core::Json selftest_echo(const core::Json& request, JobContext& context) {
    std::puts("{\"result\": \"a stray print\"}");
    std::fflush(stdout);
    context.progress(1, 1, "echo");
    return request;
}

}  // namespace scale::engine
