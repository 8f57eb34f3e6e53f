// An incremental parser of message heads that refuses whatever two HTTP implementations could read differently, since a
// proxy and its server that disagree about where a message ends let one client's bytes become another's request
// (RFC 9112 §11.2, "request smuggling").
//
// Refused: a line end other than CR LF; folded header lines; white space before the colon; control characters in
// values; a Content-Length that is repeated, listed or not all digits; Content-Length beside Transfer-Encoding; any
// Transfer-Encoding but exactly "chunked", and that under HTTP/1.0; a tabulator beside the value of either; a request
// without exactly one Host; targets that do not begin with '/' (absolute-form, authority-form and "*" are of no use
// here); CONNECT.
//
// The outcome does not depend on how the bytes are split between calls.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rollout/http/limits.h"
#include "rollout/http/message.h"

namespace scale::rollout::http {

enum class Progress { more, done, refused };

class HeadParser {
  public:
    enum class Kind { request, response };

    HeadParser(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) {}

    // Takes bytes off the front of `input`. After done, the rest belongs to the body or the next message.
    Progress feed(std::string_view& input);

    const Head& head() const { return head_; }  // after done, until reset
    const Refusal& refusal() const { return refusal_; }
    bool started() const { return !text_.empty(); }  // bytes of a head have come in

    // For the next message.
    void reset();

    // A response to HEAD has no body, whatever its headers say.
    void expect_no_body(bool no_body) { no_body_ = no_body; }

  private:
    Progress refuse(int status, const char* reason);
    bool end_line();
    bool read_first_line(std::string_view line);
    bool read_request_line(std::string_view line);
    bool read_status_line(std::string_view line);
    bool read_header_line(std::string_view line);
    bool finish();

    Kind kind_;
    Limits limits_;
    Head head_;
    Refusal refusal_;
    bool no_body_ = false;

    std::string text_;  // the whole head; headers point into it once it is complete
    std::size_t line_start_ = 0;
    std::size_t first_line_end_ = 0;  // 0 until it is known
    std::size_t header_count_ = 0;
    bool skipped_empty_line_ = false;
};

// Reads framing, keep-alive and expectations from the headers; a refusal for anything ambiguous.
Refusal read_request_framing(Head& head, const Limits& limits);
Refusal read_response_framing(Head& head, bool no_body);

}  // namespace scale::rollout::http
