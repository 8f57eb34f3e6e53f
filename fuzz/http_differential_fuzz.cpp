// Feeds streams of requests to our parser and to llhttp, and ends at every difference that is not explained here.
//
// What must never be: both take a request and read it differently (target, fields, body, or where it ends). What may
// be: one of them refuses it. Each such case has a name, is counted, and the counts are printed at the end. And what we
// would send on to a server for a request that we took must be one request of the same body for llhttp too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <llhttp.h>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "other_http_parser.h"
#include "request_maker.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"

namespace {

using namespace scale::rollout;
using namespace scale::fuzz;
using http::Progress;

struct Counts {
    std::uint64_t streams = 0;
    std::uint64_t alike = 0;    // requests that both took, and read alike
    std::uint64_t neither = 0;  // streams whose next request both refused
    std::uint64_t sent_on = 0;  // heads made for a server, and read back
    std::map<std::string, std::uint64_t> ours_refuses;
    std::map<std::string, std::uint64_t> theirs_refuses;
    std::map<std::string, std::uint64_t> ends;  // read alike, but one of them closes the connection behind it

    ~Counts() {
        std::fprintf(stderr,
                     "%llu streams; %llu requests read alike; %llu refused by both; %llu sent on and read back\n",
                     static_cast<unsigned long long>(streams), static_cast<unsigned long long>(alike),
                     static_cast<unsigned long long>(neither), static_cast<unsigned long long>(sent_on));
        for (const auto& [why, count] : ours_refuses)
            std::fprintf(stderr, "refused by us alone, %s: %llu\n", why.c_str(),
                         static_cast<unsigned long long>(count));
        for (const auto& [why, count] : theirs_refuses)
            std::fprintf(stderr, "refused by llhttp alone, %s: %llu\n", why.c_str(),
                         static_cast<unsigned long long>(count));
        for (const auto& [why, count] : ends)
            std::fprintf(stderr, "read alike, but %s: %llu\n", why.c_str(), static_cast<unsigned long long>(count));
    }
};
Counts counts;

[[noreturn]] void differ(const std::string& what) {
    std::fprintf(stderr, "difference: %s\n", what.c_str());
    std::abort();
}

const http::Limits limits{};

// A server that is one hop further: it must read one request with that body.
void check_sent_on(const http::Head& head, const std::string& body) {
    Upstream upstream;
    upstream.host = "127.0.0.1";
    upstream.port = 8080;
    const ReadStream there = read_with_llhttp(upstream_head(head, upstream, body.size(), "id") + body);
    if (!there.refusal.empty()) differ("what we send on is refused: " + there.refusal);
    if (there.requests.size() != 1) differ("what we send on is not one request");
    if (there.requests[0].body != body || there.requests[0].target != head.target)
        differ("what we send on is another request");
    for (const auto& [name, value] : there.requests[0].headers)
        if (http::same_name(name, "transfer-encoding") || http::same_name(name, "connection"))
            differ("what we send on has a field of the hop before");
    ++counts.sent_on;
}

ReadRequest copy_of(const http::Head& head) {
    ReadRequest request;
    request.method = head.method;
    request.target = head.target;
    request.minor_version = head.minor_version;
    for (const auto& [name, value] : head.headers) request.headers.emplace_back(name, value);
    request.keep_alive = head.keep_alive;
    return request;
}

// Fed in pieces of `step` bytes.
ReadStream read_ours(std::string_view bytes, std::size_t step, bool send_on) {
    ReadStream stream;
    http::HeadParser parser(http::HeadParser::Kind::request, limits);
    http::BodyDecoder decoder;
    ReadRequest request;
    bool in_body = false;
    std::string_view piece;
    for (;;) {
        if (piece.empty() && !in_body) {
            if (bytes.empty()) return stream;
            piece = bytes.substr(0, step);
            bytes.remove_prefix(piece.size());
        }
        if (!in_body) {
            const Progress progress = parser.feed(piece);
            if (progress == Progress::refused) return stream.refusal = parser.refusal().reason, stream;
            if (progress != Progress::done) continue;
            in_body = true;
            request = copy_of(parser.head());
            decoder = http::BodyDecoder(parser.head(), limits, limits.body);
        }
        const auto [progress, content] = decoder.next(piece);
        request.body += content;
        if (progress == Progress::refused) return stream.refusal = decoder.refusal().reason, stream;
        if (progress == Progress::done) {
            if (send_on && request.method == "POST") check_sent_on(parser.head(), request.body);
            stream.requests.push_back(request);
            if (!request.keep_alive) return stream;
            in_body = false;
            parser.reset();
        } else if (piece.empty()) {
            if (bytes.empty()) return stream;
            piece = bytes.substr(0, step);
            bytes.remove_prefix(piece.size());
        }
    }
}

// From PRI on its list holds the methods of HTTP/2's preface and of RTSP.
bool is_of_http(std::string_view method) {
    for (int number = HTTP_DELETE; number < HTTP_PRI; ++number)
        if (method == llhttp_method_name(static_cast<llhttp_method_t>(number))) return true;
    return false;
}

bool is_chunked(const ReadRequest& request) {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [](const auto& header) { return http::same_name(header.first, "transfer-encoding"); });
}

// Why llhttp refuses what we take, "" where that is not understood. `before`: the request that both took last.
std::string explanation(std::string_view bytes, const std::string& refusal, const ReadRequest& request,
                        const ReadRequest* before) {
    const bool chunked = is_chunked(request);
    if ((refusal.empty() || refusal.starts_with("HPE_INVALID_METHOD") || refusal.starts_with("HPE_INVALID_VERSION")) &&
        !is_of_http(request.method))
        return "a method that is not in its list for HTTP/1; we answer 404 or 405";
    if (chunked && refusal.starts_with("HPE_STRICT: Invalid character in chunk extensions"))
        return "a chunk extension that is not name=value; we pass over all of them and send none on";
    if (chunked && refusal.starts_with("HPE_INVALID_CHUNK_SIZE") && bytes.find(';') != std::string_view::npos)
        return "a further chunk extension without a value, which RFC 9112 7.1.1 allows";
    if (chunked &&
        (refusal.starts_with("HPE_INVALID_TRANSFER_ENCODING") || refusal.starts_with("HPE_INVALID_CONTENT_LENGTH") ||
         refusal.starts_with("HPE_UNEXPECTED_CONTENT_LENGTH")))
        return "a field of framing among the trailers; we drop trailers (RFC 9110 6.5.1)";
    if (before != nullptr && refusal.starts_with("HPE_PAUSED_UPGRADE"))
        return "it waits for another protocol after an Upgrade, which we ignore (RFC 9110 7.8)";
    return "";
}

// A head, chunk or trailer whose line ends without CR LF, which we refuse as soon as its line feed comes.
bool refused_at_line_feed(std::string_view bytes) {
    return !read_ours(std::string(bytes) + "\n", bytes.size() + 1, false).refusal.empty();
}

// A line of a field of that name has one, somewhere in the stream.
bool has_tabulator(std::string_view bytes, std::string_view name) {
    while (!bytes.empty()) {
        const std::string_view line = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
        if (http::same_name(line.substr(0, name.size()), name) && line.find('\t') != std::string_view::npos)
            return true;
    }
    return false;
}

// One of them closes the connection behind a request that both read alike, the other would read on.
void count_end(std::string_view bytes, const ReadRequest& ours) {
    if (!ours.keep_alive && ours.minor_version == 0) {
        ++counts.ends["we close: HTTP/1.0 with both close and keep-alive"];
    } else if (ours.keep_alive && is_chunked(ours)) {
        ++counts.ends["llhttp closes: a Connection field among the trailers, which we drop"];
    } else if (has_tabulator(bytes, "connection")) {
        ++counts.ends[ours.keep_alive ? "llhttp closes: a tabulator in Connection hides keep-alive from it"
                                      : "we close: a tabulator in Connection hides close from llhttp"];
    } else {
        differ("one of them closes the connection");
    }
}

void compare(std::string_view bytes, const ReadStream& ours, const ReadStream& theirs) {
    const std::size_t both = std::min(ours.requests.size(), theirs.requests.size());
    for (std::size_t i = 0; i < both; ++i) {
        ReadRequest theirs_but_for_the_end = theirs.requests[i];
        theirs_but_for_the_end.keep_alive = ours.requests[i].keep_alive;
        if (ours.requests[i] != theirs_but_for_the_end) differ("both take request " + std::to_string(i) + " otherwise");
        if (ours.requests[i].keep_alive != theirs.requests[i].keep_alive) count_end(bytes, ours.requests[i]);
        ++counts.alike;
        if (!ours.requests[i].keep_alive || !theirs.requests[i].keep_alive) return;
    }
    if (ours.requests.size() > both) {
        const bool foreign = !is_of_http(ours.requests[both].method);  // it waits for the rest of HTTP/2's preface
        if (theirs.refusal.empty() && !foreign) differ("a request that llhttp holds to be unfinished");
        const std::string why =
            explanation(bytes, theirs.refusal, ours.requests[both], both > 0 ? &ours.requests[both - 1] : nullptr);
        if (why.empty()) differ("refused by llhttp alone: " + theirs.refusal);
        ++counts.theirs_refuses[why];
    } else if (theirs.requests.size() > both) {
        if (ours.refusal.empty() && !refused_at_line_feed(bytes)) differ("a request that we hold to be unfinished");
        ++counts.ours_refuses[ours.refusal.empty() ? "a line that has not ended in CR LF yet" : ours.refusal];
    } else if (!ours.refusal.empty() && !theirs.refusal.empty()) {
        ++counts.neither;
    }
    // Where only one refuses what is not whole for the other, nobody has taken anything.
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

// Half of the streams are drawn from the grammar, the others are mutated.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    std::minstd_rand random(seed);
    if (random() % 2 == 0 || most < 3) return LLVMFuzzerMutate(data, size, most);
    const std::string text = make_requests(random, most - 1);
    data[0] = static_cast<std::uint8_t>(random());
    std::memcpy(data + 1, text.data(), text.size());
    return text.size() + 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = data[0] % 31 + 1u;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    ++counts.streams;
    const ReadStream ours = read_ours(bytes, bytes.size(), true);
    const ReadStream split = read_ours(bytes, step, false);
    if (ours.requests != split.requests || ours.refusal != split.refusal) differ("the outcome depends on the split");
    compare(bytes, ours, read_with_llhttp(bytes));
    return 0;
}
