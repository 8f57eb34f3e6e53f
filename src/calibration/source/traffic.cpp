#include "calibration/source/traffic.h"

#include <utility>

namespace scale::calibration {

LogReading Traffic::read(const TrafficSource::Sink& sink, const TrafficSource::Progress& progress) {
    redactions_ = {};
    const auto redacted = [&](const Place& place, ParsedLine parsed) {
        if (redactor_) {
            RedactionCounts ignored{};
            // A refusal may quote the line.
            if (!parsed.refusal.empty()) parsed.refusal = redactor_->redact(parsed.refusal, "", ignored);
            redactor_->redact(parsed.request, redactions_);
        }
        sink(place, std::move(parsed));
    };
    return source_->read(redacted, progress);
}

Request Traffic::again(const Place& place) const {
    Request request = source_->again(place).request;
    RedactionCounts ignored{};
    if (redactor_) redactor_->redact(request, ignored);
    return request;
}

}  // namespace scale::calibration
