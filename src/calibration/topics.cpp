#include "calibration/topics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "core/random.h"

namespace scale::calibration {

namespace {

constexpr std::size_t max_words = 512;
constexpr int max_rounds = 30;
constexpr int restarts = 6;

std::uint64_t mixed(std::uint64_t value) {  // the finaliser of MurmurHash3
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdu;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53u;
    return value ^ (value >> 33);
}

std::uint64_t hash_of(std::string_view text, std::uint64_t start) {
    for (const char c : text) start = (start ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return start;
}

// Bucket → occurrences, ordered so that sums are taken in the same order everywhere.
std::map<std::uint32_t, int> bucket_counts(std::string_view text) {
    constexpr std::uint64_t basis = 0xcbf29ce484222325u;
    std::map<std::uint32_t, int> counts;
    const auto words = words_of(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::uint64_t single = hash_of(words[i], basis);
        ++counts[static_cast<std::uint32_t>(mixed(single) % topic_buckets)];
        if (i + 1 == words.size()) continue;
        const std::uint64_t pair = hash_of(words[i + 1], hash_of(" ", single));
        ++counts[static_cast<std::uint32_t>(mixed(pair) % topic_buckets)];
    }
    return counts;
}

float dot(const TopicVector& a, const TopicVector& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
}

void normalise(TopicVector& vector) {
    const float length = std::sqrt(dot(vector, vector));
    if (length > 0)
        for (float& value : vector) value /= length;
}

// k-means++: each further centre is drawn with probability proportional to its squared distance from those chosen.
std::vector<TopicVector> first_centres(const std::vector<TopicVector>& vectors, int k, core::Random& random) {
    std::vector<TopicVector> centres{vectors[random.below(vectors.size())]};
    std::vector<double> distance(vectors.size(), 4.0);
    while (static_cast<int>(centres.size()) < k) {
        double total = 0;
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            distance[i] = std::min(distance[i], std::max(0.0, 2.0 - 2.0 * dot(vectors[i], centres.back())));
            total += distance[i];
        }
        if (total < 1e-6 * static_cast<double>(vectors.size())) break;
        double target = random.uniform() * total;
        std::size_t pick = 0;
        while (pick + 1 < vectors.size() && (target -= distance[pick]) >= 0) ++pick;
        centres.push_back(vectors[pick]);
    }
    return centres;
}

int nearest_centre(const TopicVector& vector, const std::vector<TopicVector>& centres) {
    int best = 0;
    for (int c = 1; c < static_cast<int>(centres.size()); ++c)
        if (dot(vector, centres[static_cast<std::size_t>(c)]) > dot(vector, centres[static_cast<std::size_t>(best)]))
            best = c;
    return best;
}

std::vector<TopicVector> centres_of(const std::vector<TopicVector>& vectors, const std::vector<int>& clusters,
                                    std::vector<TopicVector> previous) {
    std::vector<TopicVector> centres(previous.size(), TopicVector{});
    for (std::size_t i = 0; i < vectors.size(); ++i)
        for (std::size_t d = 0; d < topic_dimensions; ++d)
            centres[static_cast<std::size_t>(clusters[i])][d] += vectors[i][d];
    for (std::size_t c = 0; c < centres.size(); ++c) {
        if (dot(centres[c], centres[c]) == 0) centres[c] = previous[c];
        normalise(centres[c]);
    }
    return centres;
}

struct Clustering {
    std::vector<int> clusters;
    std::size_t centres = 0;
    double similarity = 0;  // sum of the cosines to the own centre; what k-means climbs
};

Clustering cluster_once(const std::vector<TopicVector>& vectors, int k, core::Random& random) {
    Clustering found;
    std::vector<TopicVector> centres = first_centres(vectors, k, random);
    for (int round = 0; round < max_rounds; ++round) {
        std::vector<int> moved(vectors.size());
        for (std::size_t i = 0; i < vectors.size(); ++i) moved[i] = nearest_centre(vectors[i], centres);
        const bool settled = moved == found.clusters;
        found.clusters = std::move(moved);
        if (settled) break;
        centres = centres_of(vectors, found.clusters, std::move(centres));
    }
    found.centres = centres.size();
    for (std::size_t i = 0; i < vectors.size(); ++i)
        found.similarity += dot(vectors[i], centres[static_cast<std::size_t>(found.clusters[i])]);
    return found;
}

// Drops empty clusters and numbers the others by size, the largest first.
std::vector<int> renumbered(std::vector<int> clusters, std::size_t k) {
    std::vector<int> sizes(k);
    for (const int c : clusters) ++sizes[static_cast<std::size_t>(c)];
    std::vector<std::size_t> order(k);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
    std::vector<int> number(k);
    for (std::size_t i = 0; i < k; ++i) number[order[i]] = static_cast<int>(i);
    for (int& c : clusters) c = number[static_cast<std::size_t>(c)];
    return clusters;
}

using WordShares = std::map<std::string, std::vector<double>>;  // word → requests holding it, by cluster

std::string characteristic_words(const WordShares& words, std::size_t cluster, const std::vector<double>& sizes) {
    const double all = std::accumulate(sizes.begin(), sizes.end(), 0.0);
    std::vector<std::pair<double, std::string>> scored;
    for (const auto& [word, counts] : words) {
        const double inside = counts[cluster] / sizes[cluster];
        const double overall = std::accumulate(counts.begin(), counts.end(), 0.0) / all;
        if (inside > overall) scored.emplace_back(-inside * std::log(inside / overall), word);
    }
    std::sort(scored.begin(), scored.end());
    std::string name;
    for (std::size_t i = 0; i < scored.size() && i < 2; ++i) name += (i ? ", " : "") + scored[i].second;
    return name.empty() ? "other" : name;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto finish = [&] {
        if (!word.empty() && words.size() < max_words) words.push_back(word.substr(0, 40));
        word.clear();
    };
    for (const char c : text) {
        if (words.size() == max_words) break;
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
        if (letter)
            word += c;
        else if (c >= 'A' && c <= 'Z')
            word += static_cast<char>(c - 'A' + 'a');
        else
            finish();
    }
    finish();
    return words;
}

void DocumentFrequencies::add(std::string_view text) {
    for (const auto& [bucket, count] : bucket_counts(text)) ++counts_[bucket];
    ++texts_;
}

double DocumentFrequencies::inverse(std::uint32_t bucket) const {
    return counts_[bucket] < 2 ? 0.0 : std::log((1.0 + texts_) / (1.0 + counts_[bucket]));
}

core::Json DocumentFrequencies::to_json() const {
    core::Json buckets = core::Json::array();
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        if (counts_[bucket] == 0) continue;
        buckets.push_back(bucket);
        buckets.push_back(counts_[bucket]);
    }
    return {{"texts", texts_}, {"buckets", buckets}};
}

DocumentFrequencies DocumentFrequencies::from_json(const core::Json& json) {
    DocumentFrequencies frequencies;
    frequencies.texts_ = json.at("texts").get<std::uint32_t>();
    const core::Json& buckets = json.at("buckets");
    for (std::size_t i = 0; i + 1 < buckets.size(); i += 2)
        frequencies.counts_[buckets.at(i).get<std::uint32_t>() % topic_buckets] =
            buckets.at(i + 1).get<std::uint32_t>();
    return frequencies;
}

TopicVector topic_vector(std::string_view text, const DocumentFrequencies& frequencies) {
    TopicVector vector{};
    for (const auto& [bucket, count] : bucket_counts(text)) {
        const double weight = (1.0 + std::log(count)) * frequencies.inverse(bucket);
        for (std::uint64_t hash = 1; hash <= 4; ++hash) {
            const std::uint64_t drawn = mixed((std::uint64_t{bucket} << 8) + hash);
            vector[drawn % topic_dimensions] += static_cast<float>((drawn >> 32) & 1 ? weight : -weight);
        }
    }
    normalise(vector);
    return vector;
}

ContentVector content_vector(std::string_view text, const DocumentFrequencies& frequencies) {
    std::map<std::uint16_t, float> places;
    for (const auto& [bucket, count] : bucket_counts(text)) {
        const double weight = (1.0 + std::log(count)) * frequencies.inverse(bucket);
        const std::uint64_t drawn = mixed(std::uint64_t{bucket} + 1);
        if (weight > 0)
            places[static_cast<std::uint16_t>(drawn % content_places)] +=
                static_cast<float>((drawn >> 32) & 1 ? weight : -weight);
    }
    float squares = 0;
    for (const auto& [place, value] : places) squares += value * value;
    ContentVector vector(places.begin(), places.end());
    for (auto& [place, value] : vector)
        if (squares > 0) value /= std::sqrt(squares);
    return vector;
}

int topic_count(std::size_t requests) {
    return static_cast<int>(std::clamp<std::size_t>(requests / 40, 1, max_topics));
}

std::vector<int> cluster(const std::vector<TopicVector>& vectors, int k, std::uint64_t seed) {
    if (vectors.empty() || k <= 1) return std::vector<int>(vectors.size(), 0);
    core::Random random(seed, "topics");
    Clustering best;
    for (int restart = 0; restart < restarts; ++restart) {
        Clustering found = cluster_once(vectors, k, random);
        if (restart == 0 || found.similarity > best.similarity) best = std::move(found);
    }
    return renumbered(std::move(best.clusters), best.centres);
}

std::vector<TopicVector> centres_of_clusters(const std::vector<TopicVector>& vectors,
                                             const std::vector<int>& clusters) {
    const int k = clusters.empty() ? 0 : *std::max_element(clusters.begin(), clusters.end()) + 1;
    return centres_of(vectors, clusters, std::vector<TopicVector>(static_cast<std::size_t>(k)));
}

int nearest(const TopicVector& vector, const std::vector<TopicVector>& centres) {
    return nearest_centre(vector, centres);
}

float cosine(const TopicVector& a, const TopicVector& b) {
    return dot(a, b);
}

std::vector<std::string> topic_names(const std::vector<int>& clusters,
                                     const std::function<std::string(std::size_t)>& text_of, std::size_t limit) {
    const std::size_t k =
        clusters.empty() ? 1 : static_cast<std::size_t>(*std::max_element(clusters.begin(), clusters.end())) + 1;
    if (k == 1) return {"all"};
    WordShares words;
    std::vector<double> sizes(k, 1e-9);
    const std::size_t stride = std::max<std::size_t>(1, clusters.size() / std::max<std::size_t>(1, limit));
    for (std::size_t i = 0; i < clusters.size(); i += stride) {
        const auto c = static_cast<std::size_t>(clusters[i]);
        sizes[c] += 1;
        const auto list = words_of(text_of(i));
        for (const std::string& word : std::set<std::string>(list.begin(), list.end())) {
            if (word.size() < 3) continue;
            auto& counts = words[word];
            counts.resize(k);
            counts[c] += 1;
        }
    }
    std::vector<std::string> names;
    for (std::size_t c = 0; c < k; ++c) {
        std::string name = characteristic_words(words, c, sizes);
        if (std::find(names.begin(), names.end(), name) != names.end()) name += fmt::format(" ({})", c + 1);
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace scale::calibration
