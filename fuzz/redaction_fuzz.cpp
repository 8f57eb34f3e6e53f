// Feeds arbitrary text to the redactor. Beside crashes it looks for a broken contract: findings in order and inside the
// text, the text between them untouched, and nothing left over that the rule with check digits would find again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "calibration/redaction/redactor.h"
#include "core/text.h"

namespace {

using namespace scale::calibration;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!scale::core::is_valid_utf8(text)) return 0;  // the reader of the log refuses it before
    const Findings findings = find_sensitive(text);
    std::size_t end = 0;
    for (const Finding& finding : findings) {
        require(finding.begin >= end && finding.begin < finding.end && finding.end <= size);
        end = finding.end;
    }
    static const Redactor redactor(std::string(64, 'f'));
    RedactionCounts counts{};
    const std::string once = redactor.redact(text, "c", counts);
    require(scale::core::is_valid_utf8(once));
    require(once == redactor.redact(text, "c", counts));
    std::size_t at = 0;
    std::size_t kept = 0;
    for (const Finding& finding : findings) {
        if (!finding.make) continue;
        const std::string_view before = text.substr(kept, finding.begin - kept);
        const auto place = std::string_view(once).find(before, at);
        require(place != std::string_view::npos);
        at = place + before.size();
        kept = finding.end;
    }
    require(std::string_view(once).ends_with(text.substr(kept)));
    return 0;
}
