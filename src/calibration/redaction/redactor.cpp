#include "calibration/redaction/redactor.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/text.h"

namespace scale::calibration {

namespace {

using Finder = void (*)(std::string_view, Findings&);

constexpr std::array<Finder, sensitive_kinds> finders{
    find_private_keys,     find_web_tokens,   find_url_credentials, find_vendor_keys,
    find_assigned_secrets, find_emails,       find_ibans,           find_cards,
    find_national_ids,     find_ip_addresses, find_phones,          find_high_entropy};

// Stands for every byte of a finding while the later finders look, so that none of them joins it with its neighbours.
constexpr char taken = '\x1f';

// Intervals without overlaps.
class Claims {
  public:
    bool take(const Finding& finding) {
        const auto next = taken_.lower_bound(finding.begin);
        if (next != taken_.end() && next->second.begin < finding.end) return false;
        if (next != taken_.begin() && std::prev(next)->second.end > finding.begin) return false;
        taken_.emplace_hint(next, finding.begin, finding);
        return true;
    }
    Findings ascending() const {
        Findings findings;
        for (const auto& [begin, finding] : taken_) findings.push_back(finding);
        return findings;
    }

  private:
    std::map<std::size_t, Finding> taken_;
};

// What makes two spellings the same value: "0490 75 40 81" and "0490754081", an address in either case. Secrets are the
// same only byte for byte.
std::string same_value(Sensitive kind, std::string_view text) {
    if (kind == Sensitive::email || kind == Sensitive::ip_address) return core::to_lower(text);
    const bool number = kind == Sensitive::phone || kind == Sensitive::card || kind == Sensitive::iban ||
                        kind == Sensitive::national_id;
    if (!number) return std::string(text);
    std::string bare;
    std::copy_if(text.begin(), text.end(), std::back_inserter(bare), is_word_byte);
    return core::to_lower(bare);
}

const std::string& opening_of(const Request& request) {
    for (const Message& message : request.messages)
        if (message.role == "user") return message.content;
    return request.prompt;
}

}  // namespace

Findings find_sensitive(std::string_view text) {
    Claims claims;
    Findings found;
    std::string rest(text);
    for (const Finder find : finders) {
        found.clear();
        find(rest, found);
        for (const Finding& finding : found)
            if (claims.take(finding))
                std::fill(rest.begin() + static_cast<std::ptrdiff_t>(finding.begin),
                          rest.begin() + static_cast<std::ptrdiff_t>(finding.end), taken);
    }
    return claims.ascending();
}

std::string Redactor::redact(std::string_view text, std::string_view conversation, RedactionCounts& counts) const {
    std::string redacted;
    std::size_t kept = 0;
    for (const Finding& finding : find_sensitive(text)) {
        if (!finding.make) continue;
        const std::string_view value = text.substr(finding.begin, finding.end - finding.begin);
        std::string message(conversation);
        message += '\0';
        message += sensitive_name(finding.kind);
        message += '\0';
        KeyedStream stream(secret_, message + same_value(finding.kind, value));
        redacted += text.substr(kept, finding.begin - kept);
        redacted += finding.make(value, stream);
        kept = finding.end;
        ++counts[static_cast<std::size_t>(finding.kind)];
    }
    redacted += text.substr(kept);
    return redacted;
}

void Redactor::redact(Request& request, RedactionCounts& counts) const {
    const std::string conversation =
        request.conversation.empty() ? "opening:" + opening_of(request) : "name:" + request.conversation;
    for (Message& message : request.messages) message.content = redact(message.content, conversation, counts);
    request.prompt = redact(request.prompt, conversation, counts);
    request.answer = redact(request.answer, conversation, counts);
}

}  // namespace scale::calibration
