#include "quality/lm_eval/export.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "quality/choice.h"
#include "quality/measurements.h"
#include "record/payload.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

// One model's side of the measurements.
struct Arm {
    std::string name;
    std::string path;
    std::string sha256;
    bool original = false;
};

struct Source {
    Measurements measurements;
    std::map<std::string, core::Json> items;  // by id
    std::string time;
};

struct Metric {
    const char* name;
    double value;
};

std::vector<Metric> metrics_of(const ItemResult& item, bool original) {
    const Answer& answer = original ? item.original_answer : item.candidate_answer;
    if (answer.given) return {{"exact_match", answer.right ? 1.0 : 0.0}};
    const std::vector<double>& scores = original ? item.original : item.candidate;
    return {{"acc", chosen(scores) == item.gold ? 1.0 : 0.0}, {"prob", std::exp(-gold_loss(scores, item.gold))}};
}

core::Json sample_of(const ItemResult& item, int number, const core::Json& doc, bool original) {
    const std::vector<double>& scores = original ? item.original : item.candidate;
    const std::string prompt = doc.value("prompt", "");
    core::Json arguments = core::Json::object(), responses = core::Json::array(), filtered = core::Json::array();
    for (std::size_t i = 0; i < scores.size(); ++i) {
        arguments[fmt::format("gen_args_{}", i)] = {{"arg_0", prompt}, {"arg_1", item.options[i]}};
        responses.push_back({{scores[i], chosen(scores) == static_cast<int>(i)}});
        filtered.push_back({scores[i], chosen(scores) == static_cast<int>(i)});
    }
    core::Json sample = {{"doc_id", number},
                         {"doc", doc},
                         {"target", fmt::format("{}", item.gold)},
                         {"arguments", arguments},
                         {"resps", responses},
                         {"filtered_resps", filtered},
                         {"filter", "none"},
                         {"doc_hash", core::sha256_hex(core::canonical(doc))},
                         {"prompt_hash", core::sha256_hex(prompt)},
                         {"target_hash", core::sha256_hex(fmt::format("{}", item.gold))}};
    std::vector<std::string> names;
    for (const Metric& metric : metrics_of(item, original)) {
        names.emplace_back(metric.name);
        sample[metric.name] = metric.value;
    }
    sample["metrics"] = names;
    return sample;
}

// Mean and standard error of each metric, under lm-eval's keys "metric,filter".
core::Json summary_of(const std::string& suite, const std::vector<const ItemResult*>& items, bool original) {
    std::map<std::string, std::vector<double>> values;
    for (const ItemResult* item : items)
        for (const Metric& metric : metrics_of(*item, original)) values[metric.name].push_back(metric.value);
    core::Json summary = {{"alias", suite}};
    for (const auto& [name, list] : values) {
        double sum = 0, squares = 0;
        for (const double value : list) sum += value;
        const double n = static_cast<double>(list.size()), mean = sum / n;
        for (const double value : list) squares += (value - mean) * (value - mean);
        summary[name + ",none"] = mean;
        summary[name + "_stderr,none"] = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0.0;
    }
    return summary;
}

Source load(const record::Pass& pass) {
    const record::Lineage lineage = pass.lineage();
    const record::Entry* verdict = lineage.current(record::kind::verdict);
    if (!verdict) throw core::refused("there is no verdict to export", "a measured gate", "scale lock");
    const auto payload = verdict->payload.get<record::Verdict>();
    Source source;
    source.time = verdict->time;
    source.measurements =
        core::parse_json(pass.objects().get(payload.measurements_sha256), "measurements").get<Measurements>();
    for (const record::Entry& entry : lineage.entries) {
        if (entry.hash != payload.gate_started) continue;
        const core::Json document =
            core::parse_json(pass.objects().get(entry.payload.value("items_sha256", "")), "items");
        for (const core::Json& item : document.at("items")) source.items[item.value("id", "")] = item;
    }
    return source;
}

std::vector<fs::path> write_arm(const Source& source, const Arm& arm, const fs::path& folder, const std::string& date) {
    std::map<std::string, std::vector<const ItemResult*>> suites;
    for (const ItemResult& item : source.measurements.items) suites[item.suite].push_back(&item);
    std::vector<fs::path> written;
    core::Json results, configs, versions, shots, higher, counts;
    for (const auto& [suite, items] : suites) {
        std::string lines;
        int number = 0;
        for (const ItemResult* item : items) {
            const auto doc = source.items.find(item->id);
            lines += core::canonical(sample_of(*item, number++,
                                               doc == source.items.end() ? core::Json{{"id", item->id}} : doc->second,
                                               arm.original)) +
                     "\n";
        }
        const std::string task = "scale_" + suite;
        written.push_back(folder / fmt::format("samples_{}_{}.jsonl", task, date));
        core::write_file_atomic(written.back(), lines);
        results[task] = summary_of(task, items, arm.original);
        core::Json better = core::Json::object(), metrics = core::Json::array();
        for (const Metric& metric : metrics_of(*items[0], arm.original)) {
            better[metric.name] = true;
            metrics.push_back({{"metric", metric.name}, {"aggregation", "mean"}, {"higher_is_better", true}});
        }
        configs[task] = {
            {"task", task}, {"output_type", "multiple_choice"}, {"num_fewshot", 0}, {"metric_list", metrics}};
        versions[task] = 1;
        shots[task] = 0;
        higher[task] = better;
        counts[task] = {{"original", items.size()}, {"effective", items.size()}};
    }
    const core::Json document = {
        {"results", results},
        {"group_subtasks", core::Json::object()},
        {"configs", configs},
        {"versions", versions},
        {"n-shot", shots},
        {"higher_is_better", higher},
        {"n-samples", counts},
        {"config", {{"model", "scale"}, {"model_args", "path=" + arm.path}, {"model_sha256", arm.sha256}}},
        {"git_hash", nullptr},
        {"date", source.time},
        {"model_name", arm.name},
        {"model_source", "scale"}};
    written.push_back(folder / fmt::format("results_{}.json", date));
    core::write_file_atomic(written.back(), document.dump(2, ' ', false, core::Json::error_handler_t::replace) + "\n");
    return written;
}

}  // namespace

std::vector<fs::path> export_results(const record::Pass& pass, const fs::path& folder) {
    const Source source = load(pass);
    const record::Lineage lineage = pass.lineage();
    const auto artefact = lineage.current(record::kind::artefact)->payload.get<record::Artefact>();
    std::string date = source.time.substr(0, 19);
    std::replace(date.begin(), date.end(), ':', '-');  // as lm-eval does, for file systems without colons
    std::vector<fs::path> written;
    for (const Arm& arm : {Arm{"original", pass.file().model.path, artefact.original_sha256, true},
                           Arm{"candidate", artefact.path, artefact.sha256, false}}) {
        fs::create_directories(folder / arm.name);
        for (fs::path& file : write_arm(source, arm, folder / arm.name, date)) written.push_back(std::move(file));
    }
    return written;
}

}  // namespace scale::quality
