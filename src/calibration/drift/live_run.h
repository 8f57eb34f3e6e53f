// Running texts through the original, and the artefact beside it, to see whether new traffic is harder on the artefact
// than the traffic it was calibrated on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/input_observer.h"
#include "engine/model.h"

namespace scale::calibration {

// What one text showed.
struct TextRun {
    double above = 0;  // inputs of linear layers whose size exceeds the largest that calibration showed in that channel
    double seen = 0;   // inputs of linear layers
    double kl = 0;     // Σ KL(original ‖ artefact) over its positions, nats; 0 without an artefact
    double tokens = 0;  // positions
};

// The largest |x| of every input channel over some texts, and then how many inputs of other texts exceed it.
class ChannelMaxima : public engine::InputObserver {
  public:
    void learn(bool learning) { learning_ = learning; }
    void reset_counts() { above_ = seen_ = 0; }
    double above() const { return above_; }
    double seen() const { return seen_; }

    bool wants(const std::string&) override { return true; }
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) override;
    void observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                         std::span<const std::int32_t> experts, bool same_input) override;

  private:
    void take_row(std::vector<float>& maxima, const float* row, std::size_t first, std::size_t columns);

    std::map<std::string, std::vector<float>> maxima_;
    bool learning_ = true;
    double above_ = 0;
    double seen_ = 0;
};

class LiveRun {
  public:
    // Without an artefact (""), only inputs are looked at. Texts have at most `context` tokens.
    LiveRun(const std::filesystem::path& original, const std::filesystem::path& artefact, int threads, int context);
    ~LiveRun();

    void learn(std::span<const engine::Token> tokens);  // of the calibration set, before the first run()
    TextRun run(std::span<const engine::Token> tokens);

  private:
    struct Engines;
    std::unique_ptr<Engines> engines_;
};

}  // namespace scale::calibration
