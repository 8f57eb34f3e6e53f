#include "calibration/traffic_index.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"

namespace scale::calibration {

namespace {

constexpr std::size_t topic_text_bytes = 4096;  // of each of the user's messages
constexpr std::size_t naming_requests = 4000;

std::string first_words_of_user(const Request& request) {
    for (const Message& message : request.messages)
        if (message.role == "user") return message.content;
    return request.prompt;
}

std::string short_hash(const std::string& text) {
    return core::sha256_hex(text).substr(0, 16);
}

IndexedRequest indexed(const LinePlace& place, const Request& request, std::string text_hash) {
    Request opening;
    opening.prompt = first_words_of_user(request);
    IndexedRequest entry;
    entry.place = place;
    entry.text_hash = std::move(text_hash);
    entry.conversation = request.conversation.empty() ? std::string() : short_hash(request.conversation);
    entry.opening = short_hash(normalised_text(opening));
    entry.has_answer = !request.answer.empty();
    entry.format = format_of(request);
    entry.length = length_of(request);
    return entry;
}

void place_among_topics(TrafficIndex& index, const DocumentFrequencies& frequencies, std::uint64_t seed,
                        const std::function<void(double)>& progress) {
    const LineReader reader(index.log);
    const auto text_of = [&](std::size_t i) {
        return user_text(parse_request(reader.read(index.distinct[i].place)).request, topic_text_bytes);
    };
    std::vector<TopicVector> vectors;
    vectors.reserve(index.distinct.size());
    for (std::size_t i = 0; i < index.distinct.size(); ++i) {
        vectors.push_back(topic_vector(text_of(i), frequencies));
        if (progress) progress(static_cast<double>(i + 1) / static_cast<double>(index.distinct.size()));
    }
    index.topics = cluster(vectors, topic_count(vectors.size()), seed);
    index.topic_names = topic_names(index.topics, text_of, naming_requests);
}

}  // namespace

void Deduplication::add(const LinePlace& place, const Request& request) {
    std::string hash = core::sha256_hex(normalised_text(request));
    const auto [found, fresh] = by_hash_.emplace(hash, distinct_.size());
    if (fresh) {
        distinct_.push_back(indexed(place, request, std::move(hash)));
        return;
    }
    ++duplicates_;
    IndexedRequest& known = distinct_[found->second];
    ++known.occurrences;
    if (known.has_answer || request.answer.empty()) return;
    known.place = place;
    known.has_answer = true;
    known.format = format_of(request);
    known.length = length_of(request);
}

TrafficIndex index_traffic(const std::filesystem::path& log, std::uint64_t seed,
                           const std::function<void(double, double)>& progress) {
    TrafficIndex index;
    index.log = log;
    Deduplication deduplication;
    DocumentFrequencies frequencies;
    const auto take = [&](const LinePlace& place, std::string_view line) {
        const ParsedLine parsed = parse_request(line);
        if (!parsed.refusal.empty()) {
            index.broken.add(place.number, parsed.refusal);
            return;
        }
        ++index.requests;
        const std::size_t before = deduplication.distinct().size();
        deduplication.add(place, parsed.request);
        if (deduplication.distinct().size() > before) frequencies.add(user_text(parsed.request, topic_text_bytes));
    };
    index.reading = read_log(log, take, index.broken, [&](std::uint64_t done, std::uint64_t size) {
        if (progress) progress(static_cast<double>(done) / static_cast<double>(size), 2.0);
    });
    index.duplicates = deduplication.duplicates();
    index.distinct = deduplication.take();
    place_among_topics(index, frequencies, seed, [&](double done) {
        if (progress) progress(1.0 + done, 2.0);
    });
    return index;
}

}  // namespace scale::calibration
