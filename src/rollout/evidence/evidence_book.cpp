#include "rollout/evidence/evidence_book.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "core/text.h"

namespace scale::rollout {

namespace {

// The keys under which feedback may name a request, the most exact first.
std::vector<std::string> keys_of(const Feedback& feedback) {
    std::vector<std::string> keys;
    if (!feedback.request_id.empty()) keys.push_back("r" + feedback.request_id);
    if (!feedback.response_id.empty()) {
        keys.push_back("a" + feedback.response_id);
        keys.push_back("r" + feedback.response_id);
    }
    if (!feedback.session.empty()) keys.push_back("s" + feedback.session);
    return keys;
}

std::uint64_t hash_of(char kind, std::string_view name) {
    return std::hash<std::string_view>{}(name) ^ (static_cast<std::uint64_t>(static_cast<unsigned char>(kind)) << 56);
}

// Under which feedback may name the request.
template <typename Known, typename Visit>
void for_each_name(const Known& entry, Visit visit) {
    visit('r', entry.request_id);
    if (!entry.response_id.empty()) visit('a', entry.response_id);
    if (!entry.session.empty()) visit('s', entry.session);
}

}  // namespace

bool affirms(const core::Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_number()) return value.get<double>() > 0;
    if (!value.is_string()) return value.is_null();  // named without a value
    const std::string word = core::to_lower(value.get<std::string>());
    return !word.empty() && word != "false" && word != "no" && word != "0";
}

EvidenceBook::EvidenceBook(const MonitorOptions& options, std::string experiment, Limits limits)
    : options_(options), experiment_(std::move(experiment)), limits_(limits), monitor_(options) {}

void EvidenceBook::finished(const Admit& admit, const Finish& finish) {
    const bool ours = !experiment_.empty() && admit.experiment == experiment_;
    if (ours) monitor_.finished(admit, finish);
    if (ours && !admit.excluded && admit.arm == Arm::candidate)
        step_units_[admit.propensity].insert(unit_number(admit.unit));
    if (!admit.experiment.empty()) experiments_.insert(admit.experiment);
    times_.add(admit, finish);
    if (arm_failed(admit, finish)) recent_.failure(admit, finish);
    if (ours && !admit.excluded) history_.observe(finish.time_ms, admit.propensity, monitor_, times_);
    remember(admit, finish);
}

void EvidenceBook::remember(const Admit& admit, const Finish& finish) {
    const auto entry =
        std::make_shared<const Known>(Known{admit.request_id, finish.response_id, admit.session, assigned(admit),
                                            !admit.excluded && admit.experiment == experiment_});
    remember(entry);
    if (!parked_.empty()) for_each_name(*entry, [&](char kind, const std::string& name) { release(kind + name); });
    if (known_order_.size() > limits_.requests) forget_oldest();
}

void EvidenceBook::remember(KnownPointer entry) {
    for_each_name(*entry, [&](char kind, const std::string& name) { known_[hash_of(kind, name)] = entry; });
    known_order_.push_back(std::move(entry));
}

void EvidenceBook::forget_oldest() {
    const KnownPointer oldest = std::move(known_order_.front());
    known_order_.pop_front();
    for_each_name(*oldest, [&](char kind, const std::string& name) {
        const auto found = known_.find(hash_of(kind, name));
        if (found != known_.end() && found->second == oldest) known_.erase(found);
    });
}

const EvidenceBook::Known* EvidenceBook::known(const Feedback& feedback) const {
    for (const auto& key : keys_of(feedback)) {
        const std::string name = key.substr(1);
        const auto found = known_.find(hash_of(key.front(), name));
        if (found == known_.end()) continue;
        const Known& entry = *found->second;
        const std::string& same = key.front() == 'r'   ? entry.request_id
                                  : key.front() == 'a' ? entry.response_id
                                                       : entry.session;
        if (same == name) return &entry;
    }
    return nullptr;
}

void EvidenceBook::remember_id(const std::string& id) {
    if (id.empty()) return;
    feedback_ids_.insert(id);
    feedback_id_order_.push_back(id);
    if (feedback_id_order_.size() > limits_.feedback_ids) {
        feedback_ids_.erase(feedback_id_order_.front());
        feedback_id_order_.pop_front();
    }
}

FeedbackReply EvidenceBook::expect(const Feedback& feedback) const {
    FeedbackReply reply;
    if (keys_of(feedback).empty() || feedback.name.empty()) {
        reply.accepted = false;
        reply.message = "feedback needs a name, and a response_id or a session_id";
    } else if (feedback_ids_.contains(feedback.id)) {
        reply.duplicate = true;
        reply.message = "feedback with this id is already recorded";
    } else if (const Known* about = known(feedback)) {
        reply.request_id = about->request_id;
    } else {
        reply.parked = true;
        reply.message = "the response is not known yet; the feedback counts once it is";
    }
    return reply;
}

FeedbackReply EvidenceBook::feedback(const Feedback& feedback) {
    FeedbackReply reply = expect(feedback);
    if (!reply.accepted || reply.duplicate) return reply;
    remember_id(feedback.id);
    if (const Known* about = known(feedback)) {
        recent_.feedback(feedback, about->assigned.arm, count(feedback, *about));
        return reply;
    }
    recent_.feedback(feedback, std::nullopt, false);
    const auto keys = keys_of(feedback);
    while (parked_count_ >= limits_.parked && !parked_order_.empty()) forget_parked();
    // Keys whose feedback was released leave the order here, so that it stays as bounded as the feedback itself.
    if (parked_order_.size() > 2 * limits_.parked)
        std::erase_if(parked_order_, [this](const std::string& key) { return !parked_.contains(key); });
    parked_[keys.front()].push_back(feedback);
    parked_order_.push_back(keys.front());
    ++parked_count_;
    return reply;
}

void EvidenceBook::forget_parked() {
    const auto oldest = parked_.find(parked_order_.front());
    if (oldest != parked_.end()) {
        parked_count_ -= oldest->second.size();
        parked_.erase(oldest);
    }
    parked_order_.pop_front();
}

// False where it is no bad event of the experiment.
bool EvidenceBook::count(const Feedback& feedback, const Known& about) {
    if (!about.counted || !affirms(feedback.value)) return false;
    monitor_.bad_feedback(feedback.name, about.assigned);
    history_.observe(feedback.time_ms, std::nullopt, monitor_, times_);
    const auto& names = monitor_.guardrail_names();
    return std::find(names.begin(), names.end(), feedback.name) != names.end();
}

// Parked feedback may have named an answer's id that turns out to be a request's.
void EvidenceBook::release(const std::string& key) {
    for (const std::string& parked_key : {key, "a" + key.substr(1)}) {
        const auto waiting = parked_.find(parked_key);
        if (waiting == parked_.end()) continue;
        const std::vector<Feedback> all = std::move(waiting->second);
        parked_.erase(waiting);
        parked_count_ -= all.size();
        for (const auto& feedback : all)
            if (const Known* about = known(feedback))
                recent_.feedback_found(feedback.id, about->assigned.arm, count(feedback, *about));
    }
}

void EvidenceBook::replay(const Record& record) {
    if (const auto* admit = std::get_if<Admit>(&record)) {
        Admit& kept = open_[admit->request_id] = *admit;
        std::string().swap(kept.request);
    } else if (const auto* finish = std::get_if<Finish>(&record)) {
        const auto admitted = open_.find(finish->request_id);
        if (admitted == open_.end()) return;
        finished(admitted->second, *finish);
        open_.erase(admitted);
        ++pieces_;
    } else if (const auto* given = std::get_if<Feedback>(&record)) {
        ++pieces_;
        feedback(*given);
    }
}

core::Json EvidenceBook::live_json(bool whole_history) const {
    return {{"history", whole_history ? history_.to_json(monitor_, times_) : history_.newest_json(monitor_, times_)},
            {"times", {{"original", times_.to_json(Arm::original)}, {"candidate", times_.to_json(Arm::candidate)}}},
            {"feedback", recent_.feedback_json()},
            {"failures", recent_.failures_json()}};
}

std::uint64_t EvidenceBook::candidate_units_at(std::int64_t share_ppm) const {
    const auto found = step_units_.find(share_ppm);
    return found == step_units_.end() ? 0 : found->second.size();
}

}  // namespace scale::rollout
