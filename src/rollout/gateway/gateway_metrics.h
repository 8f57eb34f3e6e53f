// The gateway's own counters, as Prometheus text. Names and buckets of the histograms follow OpenTelemetry's semantic
// conventions for generative AI (gen_ai.server.request.duration, gen_ai.server.time_to_first_token), in seconds.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rollout/log/segment_log.h"

namespace scale::rollout {

class Histogram {
  public:
    explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}
    void add(double value);
    void add(const Histogram& other);
    // `labels` without braces.
    std::string text(std::string_view name, std::string_view labels) const;

  private:
    std::span<const double> bounds_;
    std::vector<std::uint64_t> counts_;
    double sum_ = 0;
};

struct GatewayMetrics {
    GatewayMetrics();

    void count_reply(std::string_view kind, int status) {
        const auto found = replies.find(kind);
        ++(found != replies.end() ? found->second : replies[std::string(kind)])[status];
    }
    void add(const GatewayMetrics& other);

    std::map<std::string, std::map<int, std::uint64_t>, std::less<>> replies;  // by path and status
    std::uint64_t fallbacks = 0;             // the candidate failed and the original answered
    std::uint64_t retries = 0;               // a kept connection turned out to be closed
    std::uint64_t unlogged = 0;              // served without evidence because the log failed
    std::uint64_t certificates_refused = 0;  // of TLS clients; they are among the handshake failures
    std::uint64_t handshake_failures = 0;    // TLS clients that went before the handshake was done
    struct Shadows {
        std::uint64_t begun = 0;
        std::uint64_t left_out = 0;  // too many were under way, or the log had no room
        std::uint64_t failed = 0;    // no whole answer below 400
        std::uint64_t compared = 0;
        std::uint64_t same = 0;  // of those, with the original's very answer
    } shadows;
    std::uint64_t open_requests = 0;
    std::uint64_t connections = 0;
    std::uint64_t upstream_connections = 0;  // opened since the start
    Histogram duration;
    Histogram first_token;

    std::string text(const LogFigures& log) const;
};

}  // namespace scale::rollout
