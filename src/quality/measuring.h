// One gate's measurements as jobs of the engine: the noise floor, then look after look from one checkpoint file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "quality/jobs.h"
#include "quality/subject.h"
#include "record/pass.h"
#include "record/payload.h"

namespace scale::quality {

class Measuring {
  public:
    Measuring(const record::Pass& pass, const Subject& subject, const std::string& items_sha256,
              const std::vector<record::GateLook>& looks, int threads);

    // Which servers the gate judges by, proved against the engine anew at every start; empty where the engine measures.
    record::ServedMeasurement agreement() const;
    // The original against itself on a sixth of the first look's data, at another batch size and number of
    // threads, or asked of its server again in another order.
    record::NoiseFloor noise(const record::Budget& budget) const;
    // Measurements as JSON; what an earlier look measured is not measured again.
    core::Json look(const record::GateLook& look) const;
    // Removes the checkpoint files, once the result is on record.
    void forget() const;

  private:
    std::filesystem::path log_;
    std::filesystem::path checkpoint_;
    std::filesystem::path noise_checkpoint_;
    MeasureRequest request_;
};

}  // namespace scale::quality
