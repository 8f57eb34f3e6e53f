// The state of one search for a plan (allocate.h), step by step.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "quantize/allocation/admissible.h"
#include "quantize/allocation/allocate.h"
#include "quantize/allocation/allocation_journal.h"
#include "quantize/allocation/divergence.h"
#include "quantize/allocation/knapsack.h"
#include "quantize/allocation/probe_file.h"
#include "quantize/allocation/sensitivity.h"
#include "quantize/allocation/swaps.h"
#include "quantize/allocation/tensor_rounders.h"
#include "quantize/allocation/texts.h"

namespace scale::quantize {

class AllocationSearch {
  public:
    AllocationSearch(const AllocationRequest& request, const std::vector<model::TokenSequence>& calibration,
                     const AllocationProgress& progress);
    ~AllocationSearch();  // removes its copies of the model; the journal stays

    // In this order.
    void measure_gradients();
    void measure_errors();
    void measure_sensitivities();
    void choose();
    void improve_by_swaps();

    AllocationOutcome outcome() const;

  private:
    using Chosen = std::vector<std::size_t>;  // an option for every tensor

    std::uint64_t budget() const;
    std::string journal_fingerprint() const;
    const std::vector<double>& errors_of(std::size_t tensor) const;
    Chosen probed_options() const;
    std::vector<std::vector<KnapsackOption>> costs_by(const std::vector<double>& factors) const;
    double sum_of_costs(const Chosen& chosen) const;
    std::vector<ProbeGroup> groups() const;
    std::size_t affordable(std::uint64_t tokens) const;
    const TensorRounders& rounders_for(const std::vector<std::size_t>& group);
    void measure_group_errors(const std::vector<std::size_t>& group, const TensorRounders& rounders);
    void round_to(const Chosen& options, const std::vector<std::size_t>& group);
    void measure_probe(const ProbeGroup& group, ProbeFile& file, const DivergenceMeter& meter);
    engine::TensorTypes types_of(const Chosen& chosen) const;
    std::vector<double> divergence_of(const Chosen& chosen);
    void prefer_stock_where_better();
    void try_swap(const Swap& swap, Chosen& current, std::vector<double>& divergence);
    TensorRounders rounders_of(const std::vector<std::size_t>& group);
    void show(double share, const std::string& note);
    WeightRows rows_of(const FreeTensor& tensor, const std::vector<float>& weights) const;

    const AllocationRequest& request_;
    AllocationProgress progress_;
    double shown_ = 0;
    model::GgufFile original_;
    engine::QuantizePlan stock_;
    Admissible admissible_;
    Effort effort_;
    AllocationTexts texts_;
    AllocationJournal journal_;
    std::size_t resumed_at_;
    std::filesystem::path plain_;

    std::vector<std::vector<std::size_t>> memory_groups_;
    std::map<std::string, std::vector<float>> row_costs_;  // E[g²] / 2 of every output; empty where unknown
    TensorRounders rounders_;                              // of all tensors, where they fit
    std::unique_ptr<ProbeFile> rounded_;                   // tensors as `held_` says
    std::vector<std::optional<std::size_t>> held_;
    std::unique_ptr<DivergenceMeter> held_out_;

    std::vector<std::vector<KnapsackOption>> costs_;
    Chosen chosen_;
    std::vector<double> chosen_divergence_;  // on the held-out texts, by sequence; may be empty
    std::optional<double> stock_kl_;         // measured likewise, of the mix's own types
    std::size_t probes_ = 0;
    std::size_t swaps_tried_ = 0;
    std::size_t swaps_accepted_ = 0;
};

}  // namespace scale::quantize
