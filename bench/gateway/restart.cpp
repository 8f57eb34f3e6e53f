// How long a gateway's start takes to know its evidence again, with a checkpoint and without.
//
//   bench_restart FOLDER REQUESTS USERS [BODY_BYTES]
//
// Writes a log of that many requests into the folder, as a gateway at 50 % would leave it (segments of 64 MiB, all but
// the last packed), and reads it back in both ways. The files were written just before, so that they come from memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include <fmt/format.h>

#include "core/file.h"
#include "core/hash.h"
#include "record/live_log/packed_segment.h"
#include "record/live_log/segment_scan.h"
#include "rollout/checkpoint/log_keeper.h"
#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/evidence/state_archive.h"

namespace {

using namespace scale;
using namespace scale::rollout;

constexpr std::size_t segment_bytes = std::size_t{64} << 20;

std::string random_digits(std::mt19937_64& random, std::size_t count) {
    std::string digits;
    while (digits.size() < count) digits += fmt::format("{:016x}", random());
    return digits.substr(0, count);
}

// Text that packs about as well as what people write.
std::string words(std::mt19937_64& random, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += fmt::format("{} ", random() % 5000);
    return text;
}

class LogOfRequests {
  public:
    explicit LogOfRequests(std::filesystem::path folder) : folder_(std::move(folder)) {}

    void add(const Record& record) {
        text_ += record::framed_line(to_json_line(record));
        if (text_.size() >= segment_bytes) close();
    }
    void close() {
        if (number_ > 0) record::pack_segment(record::segment_path(folder_, number_));
        core::write_file_atomic(record::segment_path(folder_, ++number_), text_);
        text_.clear();
    }
    std::uint64_t segments() const { return number_; }

  private:
    std::filesystem::path folder_;
    std::string text_;
    std::uint64_t number_ = 0;
};

void write_log(LogOfRequests& log, std::uint64_t requests, std::uint64_t users, std::size_t body_bytes) {
    std::mt19937_64 random(1);
    for (std::uint64_t i = 0; i < requests; ++i) {
        // Each user once, then any of them again.
        const std::uint64_t user = i < users ? i : random() % users;
        Admit admit;
        admit.time_ms = 1'800'000'000'000 + static_cast<std::int64_t>(i);
        admit.request_id = "req-" + random_digits(random, 24);
        admit.unit = fmt::format("{:016x}{:048x}", user * 0x9e3779b97f4a7c15u, user);
        admit.key_kind = "user";
        admit.arm = user % 2 == 0 ? Arm::candidate : Arm::original;
        admit.propensity = 500'000;
        admit.experiment = "candidate-12345678-abcdef";
        admit.session = fmt::format("{:016x}{:048x}", user * 0xc2b2ae3d27d4eb4fu, user);
        admit.path = "/v1/chat/completions";
        admit.stream = true;
        admit.request =
            fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"{}"}}]}})", words(random, body_bytes));
        Finish finish;
        finish.time_ms = admit.time_ms;
        finish.request_id = admit.request_id;
        finish.served_by = admit.arm;
        finish.status = finish.upstream_status = 200;
        finish.ttft_ms = 100 + static_cast<double>(random() % 1000) / 10;
        finish.duration_ms = 2000;
        finish.completion_tokens = 200;
        finish.response_id = "chatcmpl-" + random_digits(random, 24);
        finish.finish_reason = "stop";
        finish.answer = words(random, body_bytes);
        log.add(admit);
        log.add(finish);
        if (random() % 50 != 0) continue;
        Feedback feedback;
        feedback.time_ms = admit.time_ms;
        feedback.id = random_digits(random, 32);
        feedback.response_id = finish.response_id;
        feedback.name = "thumbs_down";
        feedback.value = true;
        log.add(feedback);
    }
    log.close();
}

double seconds_of(const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) return std::fputs("bench_restart FOLDER REQUESTS USERS [BODY_BYTES]\n", stderr), 2;
    const std::filesystem::path folder = arguments[1];
    LogOfRequests log(folder);
    write_log(log, std::strtoull(arguments[2], nullptr, 10), std::strtoull(arguments[3], nullptr, 10),
              count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 900);
    MonitorOptions monitor;
    monitor.guardrails = {"thumbs_down", "escalation", "downstream_error", "server_error"};
    const auto start = [&](const char* how) {
        EvidenceBook book(monitor, "candidate-12345678-abcdef");
        RebuiltEvidence rebuilt;
        const double seconds = seconds_of([&] { rebuilt = rebuild_evidence(folder, book); });
        StateWriter writer;
        book.save(writer);
        fmt::print("{}: {:.2f} s; checkpoint at segment {}, {} records behind it; {} users; state {:.12}\n", how,
                   seconds, rebuilt.checkpoint, rebuilt.records,
                   book.monitor().counts(Arm::original).units + book.monitor().counts(Arm::candidate).units,
                   core::sha256_hex(writer.bytes()));
    };
    std::uint64_t bytes = 0;
    for (const auto& segment : record::segments_of(folder)) bytes += std::filesystem::file_size(segment);
    fmt::print("{} segments, {:.2f} GiB on the disk\n", log.segments(), static_cast<double>(bytes) / (1 << 30));
    start("without a checkpoint");
    LogKeeperOptions options;
    options.log_folder = folder;
    options.monitor = monitor;
    options.experiment = "candidate-12345678-abcdef";
    options.now_ms = [] { return std::int64_t{0}; };
    LogKeeper keeper(options);
    const std::uint64_t last = log.segments() - 1;
    fmt::print("first checkpoint, of everything: {:.2f} s\n",
               seconds_of([&] { keeper.checkpoint(last - options.every); }));
    fmt::print("the next one, {} segments on: {:.2f} s, {:.1f} MiB\n", options.every,
               seconds_of([&] { keeper.checkpoint(last); }),
               static_cast<double>(keeper.status()["checkpoint_bytes"].get<std::uint64_t>()) / (1 << 20));
    start("with a checkpoint");
    std::filesystem::remove(checkpoint_path(folder, last));
    start("with one as old as can be");
    return 0;
}
