// Topics without an embedding model: k-means on hashed word statistics.
//
// Words and word pairs of what the user wrote are hashed into 2^16 buckets, weighted by TF-IDF, projected to 64
// dimensions by four signed hashes each (sparse random projection; Li, Hastie & Church, KDD 2006), scaled to length 1,
// and clustered by spherical k-means (Dhillon & Modha, 2001) with k-means++ seeding, the best of six starts. A cluster
// is named by the words that tell it from the rest: the largest p(word | cluster) · ln(p(word | cluster) / p(word))
// over the share of requests that hold the word. The same log and seed give the same topics.
//
// Limits: words are runs of ASCII letters and digits or of other characters, so scripts without spaces give whole
// clauses as words; topics there are coarse.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace scale::calibration {

inline constexpr std::size_t topic_dimensions = 64;
inline constexpr std::size_t topic_buckets = std::size_t{1} << 16;
inline constexpr int max_topics = 8;

using TopicVector = std::array<float, topic_dimensions>;

// In lower case, at most the first 512.
std::vector<std::string> words_of(std::string_view text);

// In how many texts each bucket occurs.
class DocumentFrequencies {
  public:
    void add(std::string_view text);
    // ln((1 + n) / (1 + df)) ≥ 0; 0 for what only one text holds, which tells nothing about others.
    double inverse(std::uint32_t bucket) const;

    core::Json to_json() const;                                    // {"texts", "buckets": [bucket, count, …]}
    static DocumentFrequencies from_json(const core::Json& json);  // throws nlohmann's exception for anything else

  private:
    std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(topic_buckets);
    std::uint32_t texts_ = 0;
};

TopicVector topic_vector(std::string_view text, const DocumentFrequencies& frequencies);

// The same weights with signs hashed into 2^11 places instead (feature hashing, Weinberger et al., ICML 2009), scaled
// to length 1, ascending by place: for comparing means, where the noise of 64 dimensions would hide a shift.
inline constexpr std::size_t content_places = std::size_t{1} << 11;
using ContentVector = std::vector<std::pair<std::uint16_t, float>>;
ContentVector content_vector(std::string_view text, const DocumentFrequencies& frequencies);

// How many topics so many requests are worth: one for every 40, at most max_topics, at least one.
int topic_count(std::size_t requests);

// The cluster of every vector, 0 … k − 1, numbered by size with the largest first; k may end up smaller.
std::vector<int> cluster(const std::vector<TopicVector>& vectors, int k, std::uint64_t seed);

// The mean direction of every cluster, length 1; empty clusters get the zero vector.
std::vector<TopicVector> centres_of_clusters(const std::vector<TopicVector>& vectors, const std::vector<int>& clusters);
// The centre with the greatest cosine, the first of equals.
int nearest(const TopicVector& vector, const std::vector<TopicVector>& centres);
float cosine(const TopicVector& a, const TopicVector& b);  // of vectors of length 1 (or 0)

// Names for the clusters, distinct; `text_of` gives the text of a request and is called for at most `limit` requests,
// spread evenly. A single cluster is called "all".
std::vector<std::string> topic_names(const std::vector<int>& clusters,
                                     const std::function<std::string(std::size_t)>& text_of, std::size_t limit);

}  // namespace scale::calibration
