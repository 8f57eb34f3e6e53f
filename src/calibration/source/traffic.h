// The traffic as the calibration stage sees it: a source, behind the redactor. Nothing of a request reaches any other
// part of the stage before personal data and secrets in it are replaced.
#pragma once

#include <memory>
#include <optional>

#include "calibration/redaction/redactor.h"
#include "calibration/source/traffic_source.h"

namespace scale::calibration {

class Traffic {
  public:
    // Without a redactor, requests stay as they are logged.
    Traffic(std::unique_ptr<TrafficSource> source, std::optional<Redactor> redactor)
        : source_(std::move(source)), redactor_(std::move(redactor)) {}

    SourceKind kind() const { return source_->kind(); }
    bool redacts() const { return redactor_.has_value(); }

    LogReading read(const TrafficSource::Sink& sink, const TrafficSource::Progress& progress);
    Request again(const Place& place) const;

    // Values replaced by read().
    const RedactionCounts& redactions() const { return redactions_; }

  private:
    std::unique_ptr<TrafficSource> source_;
    std::optional<Redactor> redactor_;
    RedactionCounts redactions_{};
};

}  // namespace scale::calibration
