#include <algorithm>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "engine/model.h"
#include "quality/jobs.h"
#include "quality/pilot.h"
#include "quality/suite/file_suites.h"
#include "quality/suite/item.h"

namespace scale::quality {
namespace {

constexpr const char* consistency = "consistency";
constexpr std::uint64_t pilot_seed = 0x70696c6f74;  // mixed into the seed: the pilot's items are never scored

// Makes the items of one suite after another, opening the whole model only where a pilot has to be run.
class ItemMaker {
  public:
    ItemMaker(const ItemsRequest& wanted, engine::JobContext& context)
        : wanted_(wanted), context_(context), vocabulary_(wanted.original, {.vocabulary_only = true}) {
        request_.items = wanted.items;
        request_.seed = wanted.seed;
        request_.context = wanted.context;
        const int trained = vocabulary_.trained_context();
        if (trained > 0) request_.context = std::min(request_.context, trained);
        request_.answer_tokens = wanted.scoring.answer_tokens;
        request_.rules = {{"rules", wanted.scoring.instruction_rules}, {"score", wanted.scoring.instruction_score}};
        request_.count_tokens = [this](const std::string& text) {
            return static_cast<int>(vocabulary_.tokenize(text, false, false).size());
        };
    }

    core::Json make() {
        for (const std::string& suite : wanted_.scoring.suites) {
            if (suite == consistency && wanted_.compressed) continue;
            add_generated(suite);
        }
        const record::SuiteSettings& files = wanted_.scoring;
        for (const auto& [suite, path] : {std::pair{"ifeval", files.ifeval},
                                          {"gsm8k", files.gsm8k},
                                          {"lambada", files.lambada},
                                          {"piqa", files.piqa},
                                          {"hellaswag", files.hellaswag}})
            if (!path.empty()) add_from_file(suite, path);
        return {{"items", items_}, {"scoring", scoring_}, {"files", files_}, {"context", request_.context}};
    }

  private:
    double margin(const std::string& suite) const {
        const auto found = wanted_.margins.find(suite);
        return found == wanted_.margins.end() ? 0.03 : found->second;
    }

    void add_generated(const std::string& suite) {
        SuiteScoring scoring{wanted_.scoring.mode, "declared", 0, 0, 0};
        if (scoring.mode == "auto") {
            SuiteRequest pilot = request_;
            pilot.seed ^= pilot_seed;
            pilot.items = wanted_.scoring.pilot_items;
            pilot.generation = true;
            scoring = run_pilot(suite, suite_items(suite, pilot));
        }
        SuiteRequest request = request_;
        request.generation = scoring.mode == scoring::generation;
        for (Item& item : suite_items(suite, request)) items_.push_back(std::move(item));
        scoring_[suite] = scoring;
    }

    // The first items of the file's drawn order are scored; a pilot takes those that follow, or, where the file is too
    // short for that, its last ones.
    void add_from_file(const std::string& suite, const std::string& path) {
        SuiteScoring scoring{only_scoring(suite), "the set's own way", 0, 0, 0};
        if (scoring.mode.empty()) scoring = {wanted_.scoring.mode, "declared", 0, 0, 0};
        SuiteRequest request = request_;
        const auto read = [&] { return read_file_suite(suite, path, request, wanted_.scoring.number_extraction); };
        if (scoring.mode == "auto") {
            request.generation = true;
            std::vector<Item> items = read().items;
            const auto pilot = std::min(items.size(), static_cast<std::size_t>(wanted_.scoring.pilot_items));
            const auto scored = std::min(items.size() - pilot, static_cast<std::size_t>(wanted_.items));
            items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(scored));
            items.resize(pilot);
            scoring = run_pilot(suite, items);
        }
        request.generation = scoring.mode == scoring::generation;
        FileSuite file = read();
        const std::size_t whole = file.items.size();
        file.items.resize(std::min(whole, static_cast<std::size_t>(std::max(wanted_.items, 0))));
        files_[suite] = {{"sha256", file.sha256}, {"items", whole}, {"scored", file.items.size()}};
        for (Item& item : file.items) items_.push_back(std::move(item));
        scoring_[suite] = scoring;
    }

    SuiteScoring run_pilot(const std::string& suite, const std::vector<Item>& items) {
        context_.progress(static_cast<double>(scoring_.size()), static_cast<double>(wanted_.scoring.suites.size()),
                          "pilot of " + suite);
        if (!model_) model_.emplace(wanted_.original);
        return pilot_scoring(*model_, wanted_.threads, items, margin(suite), wanted_.alpha);
    }

    const ItemsRequest& wanted_;
    engine::JobContext& context_;
    engine::Model vocabulary_;
    std::optional<engine::Model> model_;
    SuiteRequest request_;
    std::vector<Item> items_;
    std::map<std::string, SuiteScoring> scoring_;
    core::Json files_ = core::Json::object();
};

}  // namespace

core::Json items_job(const core::Json& request, engine::JobContext& context) {
    const auto wanted = request.get<ItemsRequest>();
    const core::Json document = ItemMaker(wanted, context).make();
    core::write_file_atomic(wanted.output, core::canonical(document));
    return {{"items", document.at("items").size()}, {"scoring", document.at("scoring")}};
}

}  // namespace scale::quality
