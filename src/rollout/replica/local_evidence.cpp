#include "rollout/replica/local_evidence.h"

#include <utility>

#include "rollout/log/segment_log.h"

namespace scale::rollout {

namespace {

constexpr std::uint64_t batch_pieces = 5000;
constexpr std::size_t batch_bytes = 1 << 20;
constexpr std::size_t piece_overhead = 64;

}  // namespace

// Finds the ends of requests in a log.
class LocalEvidence::Joiner {
  public:
    explicit Joiner(const LogStart& start) : open_(start.open) {}

    template <typename Ended, typename Given>
    void take(const Record& record, Ended ended, Given given) {
        if (const auto* admit = std::get_if<Admit>(&record)) {
            open_.insert_or_assign(admit->request_id, *admit);
        } else if (const auto* finish = std::get_if<Finish>(&record)) {
            const auto admitted = open_.extract(finish->request_id);
            if (!admitted.empty()) ended(admitted.mapped(), *finish);
        } else if (const auto* feedback = std::get_if<Feedback>(&record)) {
            given(*feedback);
        }
    }

  private:
    std::unordered_map<std::string, Admit> open_;
};

// Collects pieces until they are worth a shipment.
class LocalEvidence::Batch {
  public:
    Batch(std::uint64_t& after, const Ship& ship) : after_(after), ship_(ship) {}

    void add(std::uint64_t number, const std::string& lines) {
        if (number <= after_ || refused_) return;
        if (first_ == 0) first_ = number;
        last_ = number;
        lines_ += lines;
        if (lines_.size() >= batch_bytes || last_ - first_ + 1 >= batch_pieces) send();
    }
    bool send() {
        if (first_ == 0 || refused_) return !refused_;
        // Pieces that are no evidence take no shipment; those behind them say that they have passed.
        if (!lines_.empty() && !ship_(first_, last_, lines_)) refused_ = true;
        if (!refused_) after_ = last_;
        first_ = 0;
        lines_.clear();
        return !refused_;
    }

  private:
    std::uint64_t& after_;
    const Ship& ship_;
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    std::string lines_;
    bool refused_ = false;
};

LocalEvidence::LocalEvidence(std::filesystem::path log_folder, std::string experiment, std::size_t most_bytes,
                             LogStart start)
    : start_(std::move(start)),
      folder_(std::move(log_folder)),
      experiment_(std::move(experiment)),
      most_bytes_(most_bytes),
      count_(start_.pieces) {
    Joiner joiner(start_);
    LogRange range;
    range.after = start_.segment;
    range.texts = Texts::left_out;
    for_each_record(
        folder_,
        [&](const Record& record) {
            joiner.take(
                record, [&](const Admit&, const Finish&) { ++count_; }, [&](const Feedback&) { ++count_; });
        },
        range);
    in_log_only_ = count_ > 0;
}

std::uint64_t LocalEvidence::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

void LocalEvidence::ended(const Admit& admit, const Finish& finish) {
    add(lines_of(admit, finish));
}

void LocalEvidence::feedback(const Feedback& feedback) {
    add(lines_of(feedback));
}

// Of what a client sent only digests and figures leave this machine.
std::string LocalEvidence::lines_of(const Admit& admit, const Finish& finish) const {
    if (admit.experiment != experiment_ || admit.excluded) return {};
    Admit sent = admit;
    for (auto* text : {&sent.request, &sent.client_request_id, &sent.model, &sent.path}) text->clear();
    Finish ended = finish;
    for (auto* text : {&ended.answer, &ended.error}) text->clear();
    return to_json_line(sent) + '\n' + to_json_line(ended) + '\n';
}

std::string LocalEvidence::lines_of(Feedback feedback) {
    feedback.comment.clear();
    feedback.tags = nullptr;
    return to_json_line(feedback) + '\n';
}

void LocalEvidence::add(std::string lines) {
    const std::lock_guard lock(mutex_);
    ++count_;
    waiting_bytes_ += lines.size() + piece_overhead;
    waiting_.push_back({count_, std::move(lines)});
    if (waiting_bytes_ <= most_bytes_) return;
    waiting_.clear();
    waiting_bytes_ = 0;
    in_log_only_ = true;
}

bool LocalEvidence::hand_out_log(std::uint64_t& after, const Ship& ship) {
    Batch batch(after, ship);
    // What was removed from the log was shipped, or is of an experiment before this one.
    const LogStart start = after >= start_.pieces || !start_.from_first ? start_ : LogStart{};
    std::uint64_t number = start.pieces;
    Joiner joiner(start);
    LogRange range;
    range.after = start.segment;
    range.texts = Texts::left_out;
    for_each_record(
        folder_,
        [&](const Record& record) {
            joiner.take(
                record, [&](const Admit& admit, const Finish& finish) { batch.add(++number, lines_of(admit, finish)); },
                [&](const Feedback& feedback) { batch.add(++number, lines_of(feedback)); });
        },
        range);
    return batch.send();
}

void LocalEvidence::hand_out(std::uint64_t after, const Ship& ship) {
    std::unique_lock lock(mutex_);
    const bool from_log = std::exchange(in_log_only_, false);
    lock.unlock();
    // Every piece that was ever added is in the log by now.
    if (from_log && !hand_out_log(after, ship)) {
        lock.lock();
        in_log_only_ = true;
        return;
    }
    lock.lock();
    std::deque<Piece> pieces = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    lock.unlock();
    Batch batch(after, ship);
    for (const Piece& piece : pieces) batch.add(piece.number, piece.lines);
    if (batch.send()) return;
    lock.lock();
    in_log_only_ = true;  // what was taken out is still in the log
}

}  // namespace scale::rollout
