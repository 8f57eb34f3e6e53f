#include "rollout/gateway/gateway_metrics.h"

#include <algorithm>

#include <fmt/format.h>

namespace scale::rollout {

namespace {

constexpr std::array duration_bounds = {.01,  .02,  .04,  .08,   .16,   .32,   .64,
                                        1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array first_token_bounds = {.001, .005, .01, .02, .04, .06, .08, .1,
                                           .25,  .5,   .75, 1.,  2.5, 5.,  7.5, 10.};

std::string figure(std::string_view kind, std::string_view name, std::uint64_t value) {
    return fmt::format("# TYPE {} {}\n{} {}\n", name, kind, name, value);
}

}  // namespace

GatewayMetrics::GatewayMetrics() : duration(duration_bounds), first_token(first_token_bounds) {}

void Histogram::add(double value) {
    const auto place = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(place)];
    sum_ += value;
}

void Histogram::add(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    sum_ += other.sum_;
}

void GatewayMetrics::add(const GatewayMetrics& other) {
    for (const auto& [kind, counts] : other.replies)
        for (const auto& [status, count] : counts) replies[kind][status] += count;
    fallbacks += other.fallbacks;
    retries += other.retries;
    unlogged += other.unlogged;
    handshake_failures += other.handshake_failures;
    certificates_refused += other.certificates_refused;
    shadows.begun += other.shadows.begun;
    shadows.left_out += other.shadows.left_out;
    shadows.failed += other.shadows.failed;
    shadows.compared += other.shadows.compared;
    shadows.same += other.shadows.same;
    open_requests += other.open_requests;
    connections += other.connections;
    upstream_connections += other.upstream_connections;
    duration.add(other.duration);
    first_token.add(other.first_token);
}

std::string Histogram::text(std::string_view name, std::string_view labels) const {
    std::string text = fmt::format("# TYPE {} histogram\n", name);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        total += counts_[i];
        const std::string bound = i < bounds_.size() ? fmt::format("{}", bounds_[i]) : "+Inf";
        text += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, bound, total);
    }
    return text + fmt::format("{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels, sum_, name, labels, total);
}

std::string GatewayMetrics::text(const LogFigures& log) const {
    std::string text = "# TYPE scale_gateway_replies_total counter\n";
    for (const auto& [kind, counts] : replies)
        for (const auto& [status, count] : counts)
            text += fmt::format("scale_gateway_replies_total{{path=\"{}\",status=\"{}\"}} {}\n", kind, status, count);
    text += figure("counter", "scale_gateway_fallbacks_total", fallbacks);
    text += figure("counter", "scale_gateway_retries_total", retries);
    text += figure("counter", "scale_gateway_unlogged_total", unlogged);
    text += figure("counter", "scale_gateway_handshake_failures_total", handshake_failures);
    text += figure("counter", "scale_gateway_client_certificates_refused_total", certificates_refused);
    text += figure("counter", "scale_shadow_requests_total", shadows.begun);
    text += figure("counter", "scale_shadow_left_out_total", shadows.left_out);
    text += figure("counter", "scale_shadow_failures_total", shadows.failed);
    text += figure("counter", "scale_shadow_compared_total", shadows.compared);
    text += figure("counter", "scale_shadow_same_answers_total", shadows.same);
    text += figure("gauge", "scale_gateway_open_requests", open_requests);
    text += figure("gauge", "scale_gateway_client_connections", connections);
    text += figure("counter", "scale_gateway_upstream_connections_total", upstream_connections);
    text += figure("counter", "scale_log_records_total", log.appended);
    text += figure("counter", "scale_log_commits_total", log.commits);
    text += figure("counter", "scale_log_refused_total", log.refused);
    text += figure("gauge", "scale_log_at_risk_records", log.appended - log.committed);
    text += figure("gauge", "scale_log_at_risk_records_peak", log.at_risk_peak);
    text += figure("gauge", "scale_log_failing", log.failure.empty() ? 0 : 1);
    text += figure("gauge", "scale_log_disk_free_bytes", log.free_bytes);
    text += duration.text("gen_ai_server_request_duration_seconds", "gen_ai_provider_name=\"scale\"");
    return text + first_token.text("gen_ai_server_time_to_first_token_seconds", "gen_ai_provider_name=\"scale\"");
}

}  // namespace scale::rollout
