#include "calibration/traffic_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "calibration/near_duplicates/clusters.h"
#include "calibration/near_duplicates/template_words.h"
#include "core/hash.h"

namespace scale::calibration {

namespace {

constexpr std::size_t topic_text_bytes = 4096;  // of each of the user's messages
constexpr std::size_t naming_requests = 4000;
constexpr std::size_t clustered_requests = 20000;  // k-means runs on so many; the others go to the nearest centre

const std::string& first_words_of_user(const Request& request) {
    for (const Message& message : request.messages)
        if (message.role == "user") return message.content;
    return request.prompt;
}

std::string short_hash(const std::string& text) {
    return core::sha256_hex(text).substr(0, 16);
}

void read_features(const Request& request, IndexedRequest& entry) {
    std::size_t bytes = request.prompt.size() + request.answer.size();
    for (const Message& message : request.messages) bytes += message.content.size();
    entry.has_answer = !request.answer.empty();
    entry.format = format_of(request);
    entry.script = script_of(user_text(request, topic_text_bytes));
    entry.length = length_of(request);
    entry.tokens = estimated_tokens(bytes, entry.script);
}

IndexedRequest indexed(const Place& place, const Request& request, std::string text_hash) {
    Request opening;
    opening.prompt = first_words_of_user(request);
    IndexedRequest entry;
    entry.place = place;
    entry.text_hash = std::move(text_hash);
    entry.conversation = request.conversation.empty() ? std::string() : short_hash(request.conversation);
    entry.opening = short_hash(normalised_text(opening));
    read_features(request, entry);
    return entry;
}

// The hash as a number in [0, 1), uniform over texts.
double place_of_hash(const std::string& hash) {
    return std::ldexp(static_cast<double>(std::stoull(hash.substr(0, 13), nullptr, 16)), -52);
}

std::string overlap_of(const Request& request, const EvaluationTexts& evaluation) {
    for (const std::string* text : {&request.prompt, &request.answer})
        if (std::string set = evaluation.overlap(*text); !set.empty()) return set;
    for (const Message& message : request.messages)
        if (std::string set = evaluation.overlap(message.content); !set.empty()) return set;
    return {};
}

// Word statistics of the first reading.
struct WordCounts {
    DocumentFrequencies frequencies;
    TemplateWords templates;
    void add(const Request& request) {
        const std::string text = user_text(request, topic_text_bytes);
        frequencies.add(text);
        templates.add(text);
    }
};

void compare_texts(TrafficIndex& index, const Traffic& traffic, const WordCounts& counts, const IndexOptions& options,
                   const std::function<void(double)>& progress) {
    for (std::size_t i = 0; i < index.distinct.size(); ++i) {
        const Request request = traffic.again(index.distinct[i].place);
        const std::string text = user_text(request, topic_text_bytes);
        index.vectors.push_back(topic_vector(text, counts.frequencies));
        index.signatures.push_back(signature_of(counts.templates.without_template(text)));
        if (options.evaluation) index.distinct[i].overlap = overlap_of(request, *options.evaluation);
        if (progress) progress(static_cast<double>(i + 1) / static_cast<double>(index.distinct.size()));
    }
    index.clusters = near_duplicate_clusters(index.signatures);
}

void place_among_topics(TrafficIndex& index, const Traffic& traffic, std::uint64_t seed) {
    const std::size_t stride = index.vectors.size() / clustered_requests + 1;
    std::vector<TopicVector> some;
    for (std::size_t i = 0; i < index.vectors.size(); i += stride) some.push_back(index.vectors[i]);
    const std::vector<int> clusters = cluster(some, topic_count(some.size()), seed);
    const std::vector<TopicVector> centres = centres_of_clusters(some, clusters);
    for (std::size_t i = 0; i < index.vectors.size(); ++i)
        index.topics.push_back(stride == 1 ? clusters[i] : nearest(index.vectors[i], centres));
    index.topic_names = topic_names(
        index.topics,
        [&](std::size_t i) { return user_text(traffic.again(index.distinct[i].place), topic_text_bytes); },
        naming_requests);
}

}  // namespace

bool Deduplication::add(const Place& place, const Request& request) {
    std::string hash = core::sha256_hex(normalised_text(request));
    if (place_of_hash(hash) >= kept_share_) return false;
    const auto [found, fresh] = by_hash_.emplace(hash, distinct_.size());
    if (fresh) {
        distinct_.push_back(indexed(place, request, std::move(hash)));
        held_peak_ = std::max(held_peak_, distinct_.size());
        while (distinct_.size() > limit_) halve();
        return true;
    }
    IndexedRequest& known = distinct_[found->second];
    ++known.occurrences;
    if (known.has_answer || request.answer.empty()) return false;
    known.place = place;
    read_features(request, known);
    return false;
}

void Deduplication::halve() {
    kept_share_ /= 2;
    std::vector<IndexedRequest> kept;
    by_hash_.clear();
    for (IndexedRequest& request : distinct_) {
        if (place_of_hash(request.text_hash) >= kept_share_) continue;
        by_hash_.emplace(request.text_hash, kept.size());
        kept.push_back(std::move(request));
    }
    distinct_ = std::move(kept);
}

std::uint64_t Deduplication::distinct_count() const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(distinct_.size()) / kept_share_));
}

TrafficIndex index_traffic(Traffic& traffic, const std::filesystem::path& log, const IndexOptions& options,
                           const std::function<void(double, double)>& progress) {
    TrafficIndex index;
    index.log = log;
    index.kind = traffic.kind();
    Deduplication deduplication(options.kept);
    WordCounts counts;
    const auto take = [&](const Place& place, const ParsedLine& parsed) {
        if (!parsed.refusal.empty()) {
            index.broken.add(place.number, parsed.refusal);
            return;
        }
        ++index.requests;
        if (deduplication.add(place, parsed.request)) counts.add(parsed.request);
    };
    index.reading = traffic.read(take, [&](std::uint64_t done, std::uint64_t size) {
        if (progress) progress(static_cast<double>(done) / static_cast<double>(size), 2.0);
    });
    index.redactions = traffic.redactions();
    index.kept_share = deduplication.kept_share();
    index.distinct_count = std::min(deduplication.distinct_count(), index.requests);
    index.duplicates = index.requests - index.distinct_count;
    index.distinct = deduplication.take();
    compare_texts(index, traffic, counts, options, [&](double done) {
        if (progress) progress(1.0 + done, 2.0);
    });
    place_among_topics(index, traffic, options.seed);
    return index;
}

}  // namespace scale::calibration
