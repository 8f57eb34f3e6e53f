#include "quality/lm_eval/import.h"

#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

struct Sample {
    double score = 0;
    std::map<std::string, std::string> hashes;
};

// Tasks contain underscores; the date begins with a digit.
bool is_samples_of(const std::string& name, const std::string& task) {
    const std::string begin = "samples_" + task + "_";
    return name.rfind(begin, 0) == 0 && name.ends_with(".jsonl") && name.size() > begin.size() &&
           std::isdigit(static_cast<unsigned char>(name[begin.size()]));
}

fs::path samples_file(const fs::path& folder, const std::string& task) {
    if (!fs::is_directory(folder))
        throw core::input_error(folder.string() + " is not a folder",
                                "the --output_path of an lm-evaluation-harness run with --log_samples");
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && is_samples_of(entry.path().filename().string(), task))
            found.push_back(entry.path());
    if (found.size() == 1) return found[0];
    throw core::input_error(
        fmt::format("{} holds {} files samples_{}_<date>.jsonl", folder.string(), found.size(), task),
        "exactly one: the run that was declared",
        found.empty() ? "run lm-eval with --log_samples" : "leave the one run in the folder");
}

std::string metrics_of(const core::Json& line) {
    std::vector<std::string> names;
    for (const auto& [key, value] : line.items())
        if (value.is_number() && key != "doc_id") names.push_back(key);
    return fmt::format("{}", fmt::join(names, ", "));
}

double score_of(const core::Json& line, const std::string& metric, const std::string& where) {
    const auto value = line.find(metric);
    if (value == line.end())
        throw core::input_error(fmt::format("{} has no metric '{}'", where, metric), "one of " + metrics_of(line));
    if (value->is_boolean()) return value->get<bool>() ? 1 : 0;
    if (!value->is_number() || !std::isfinite(value->get<double>()))
        throw core::input_error(fmt::format("{}: '{}' is {}", where, metric, value->dump()),
                                "a number for each document; a metric of the whole set cannot be paired");
    return value->get<double>();
}

std::map<std::string, Sample> read_file_of(const fs::path& file, const record::ImportedSuite& suite) {
    const std::string text = core::read_file(file);
    std::map<std::string, Sample> samples;
    std::set<std::string> filters;
    std::size_t number = 0;
    for (const std::string_view line_text : core::split_lines(text)) {
        ++number;
        if (line_text.empty()) continue;
        const std::string where = fmt::format("{} line {}", file.filename().string(), number);
        const core::Json line = core::parse_json(line_text, where);
        const std::string filter = line.value("filter", "none");
        filters.insert(filter);
        if (filter != suite.filter) continue;
        if (!line.contains("doc_id")) throw core::input_error(where + " has no doc_id");
        Sample sample{score_of(line, suite.metric, where), {}};
        for (const char* hash : {"doc_hash", "prompt_hash", "target_hash"})
            if (line.contains(hash) && line[hash].is_string()) sample.hashes[hash] = line[hash].get<std::string>();
        if (!samples.emplace(line["doc_id"].dump(), std::move(sample)).second)
            throw core::input_error(fmt::format("{}: document {} occurs twice", where, line["doc_id"].dump()));
    }
    if (samples.empty())
        throw core::input_error(
            fmt::format("{} has no line with the filter '{}'", file.filename().string(), suite.filter),
            fmt::format("one of: {}", fmt::join(filters, ", ")));
    return samples;
}

void check_pair(const std::string& id, const Sample& original, const Sample& candidate, const std::string& task) {
    for (const auto& [name, hash] : original.hashes) {
        const auto other = candidate.hashes.find(name);
        if (other != candidate.hashes.end() && other->second != hash)
            throw core::input_error(fmt::format("{} of document {} of {} differs between the models", name, id, task),
                                    "both models on the same documents with the same prompts",
                                    "run both with the same task version, few-shot seed and chat template");
    }
}

}  // namespace

record::ImportedSuite parse_import(const std::string& declaration) {
    std::istringstream words(declaration);
    record::ImportedSuite suite;
    std::string direction, rest;
    words >> suite.task >> suite.metric >> suite.filter >> suite.margin;
    const bool read = !words.fail();
    words >> direction;
    const bool more = static_cast<bool>(words >> rest);
    if (!read || more || !(suite.margin > 0) || (!direction.empty() && direction != "smaller"))
        throw core::input_error("lm_eval in [quality] holds '" + declaration + "'",
                                "\"task metric filter margin\" with a margin above 0, and \"smaller\" after it where "
                                "less is better",
                                "for example \"gsm8k exact_match strict-match 3\"");
    suite.smaller = direction == "smaller";
    return suite;
}

std::vector<record::ImportedSuite> parse_imports(const std::vector<std::string>& declarations) {
    std::vector<record::ImportedSuite> suites;
    std::set<std::string> tasks;
    for (const std::string& declaration : declarations) {
        suites.push_back(parse_import(declaration));
        if (!tasks.insert(suites.back().task).second)
            throw core::input_error("lm_eval in [quality] names " + suites.back().task + " twice",
                                    "one metric a task, chosen beforehand");
    }
    return suites;
}

std::vector<ImportedScore> read_samples(const fs::path& original, const fs::path& candidate,
                                        const std::vector<record::ImportedSuite>& suites) {
    std::vector<ImportedScore> scores;
    for (const record::ImportedSuite& suite : suites) {
        const auto of_original = read_file_of(samples_file(original, suite.task), suite);
        const auto of_candidate = read_file_of(samples_file(candidate, suite.task), suite);
        if (of_original.size() != of_candidate.size())
            throw core::input_error(fmt::format("{}: {} documents with the original, {} with the candidate", suite.task,
                                                of_original.size(), of_candidate.size()),
                                    "the same documents with both");
        for (const auto& [id, sample] : of_original) {
            const auto other = of_candidate.find(id);
            if (other == of_candidate.end())
                throw core::input_error(fmt::format("{}: the candidate has no document {}", suite.task, id),
                                        "the same documents with both");
            check_pair(id, sample, other->second, suite.task);
            scores.push_back({suite.task, id, sample.score, other->second.score});
        }
    }
    return scores;
}

}  // namespace scale::quality
