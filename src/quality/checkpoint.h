// Finished parts of a measurement, so that a killed one continues where it was.
//
// A file of JSON lines, each {"sequence": …, "worst": […]} or {"items": […]}; appended and synced part by part. A torn
// last line is cut. The file's name holds a hash of everything the results depend on, so a stale file is never read.
#pragma once

#include <filesystem>

#include "core/file.h"
#include "quality/measurements.h"

namespace scale::quality {

class Checkpoint {
  public:
    // Opens or creates the file; done() holds what it had.
    explicit Checkpoint(const std::filesystem::path& path);

    const Measurements& done() const { return done_; }
    void add(const SequenceResult& sequence, const std::vector<WorstToken>& worst);
    void add(const std::vector<ItemResult>& items);

  private:
    void append(const core::Json& line);

    core::FileDescriptor file_;
    std::string name_;
    Measurements done_;
};

}  // namespace scale::quality
