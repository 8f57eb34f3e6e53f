#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/file.h"
#include "core/json.h"
#include "record/live_log/segment_scan.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

namespace fs = std::filesystem;
using core::Json;

LogRecovery for_each_record(const fs::path& folder, const std::function<void(const Record&)>& visit,
                            const LogRange& range) {
    LogRecovery recovery;
    bool past_end = false;
    const auto segments = record::segments_of(folder);
    for (const auto& segment : segments) {
        const std::uint64_t number = record::segment_number(segment);
        if (number <= range.after || number > range.last) continue;
        const auto name = segment.string();
        const record::SegmentScan scan =
            record::scan_segment(segment, segment == segments.back(), [&](std::string_view line, std::uint64_t place) {
                const Record record = from_json_line(line, fmt::format("{} line {}", name, place), range.texts);
                const std::int64_t time_ms = std::visit([](const auto& one) { return one.time_ms; }, record);
                past_end = past_end || (range.end_ms && time_ms > *range.end_ms);
                visit(record);
            });
        recovery.records += scan.lines;
        recovery.torn_bytes = scan.torn_bytes;
        if (scan.torn_bytes != 0) recovery.torn_segment = segment.filename().string();
        if (past_end) break;
    }
    return recovery;
}

void for_each_exchange(const fs::path& folder, const std::function<void(const Exchange&)>& visit) {
    std::unordered_map<std::string, Admit> open;
    for_each_record(folder, [&](const Record& record) {
        if (const auto* admit = std::get_if<Admit>(&record)) {
            open.insert_or_assign(admit->request_id, *admit);
        } else if (const auto* finish = std::get_if<Finish>(&record)) {
            const auto found = open.find(finish->request_id);
            if (found == open.end()) return;
            visit({found->second, *finish});
            open.erase(found);
        }
    });
    std::vector<const Admit*> interrupted;
    for (const auto& [id, admit] : open) interrupted.push_back(&admit);
    std::sort(interrupted.begin(), interrupted.end(), [](const Admit* a, const Admit* b) {
        return std::tie(a->time_ms, a->request_id) < std::tie(b->time_ms, b->request_id);
    });
    for (const Admit* admit : interrupted) {
        Finish finish;
        finish.request_id = admit->request_id;
        finish.outcome = Outcome::interrupted;
        visit({*admit, finish});
    }
}

namespace {

// The answer in the shape of the endpoint that gave it.
Json response_of(const Exchange& exchange) {
    const Finish& finish = exchange.finish;
    Json choice = {{"index", 0}, {"finish_reason", finish.finish_reason}};
    if (exchange.admit.path == "/v1/completions") {
        choice["text"] = finish.answer;
    } else {
        choice["message"] = {{"role", "assistant"}, {"content", finish.answer}};
    }
    return {{"id", finish.response_id}, {"choices", Json::array({choice})}};
}

}  // namespace

std::uint64_t write_traffic(const fs::path& folder, const fs::path& traffic_file) {
    std::string lines;
    std::uint64_t count = 0;
    for_each_exchange(folder, [&](const Exchange& exchange) {
        if (exchange.admit.request.empty() || exchange.finish.outcome != Outcome::ok) return;
        const Json line = {{"request", core::parse_json(exchange.admit.request, exchange.admit.request_id)},
                           {"response", response_of(exchange)}};
        lines += core::canonical(line) + '\n';
        ++count;
    });
    core::write_file_atomic(traffic_file, lines);
    return count;
}

}  // namespace scale::rollout
