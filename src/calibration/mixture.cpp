#include "calibration/mixture.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "calibration/evaluation_texts.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "engine/job.h"
#include "model/token_set.h"

namespace scale::calibration {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t documents_per_job = 2000;

struct Document {
    std::size_t part = 0;
    std::string text;
};

std::string text_of(const core::Json& line, const std::string& where) {
    if (const auto text = line.find("text"); text != line.end() && text->is_string()) return text->get<std::string>();
    const auto messages = line.find("messages");
    if (messages == line.end() || !messages->is_array())
        throw core::input_error(where + " has neither \"text\" nor \"messages\"", "a document to train on");
    std::string text;
    for (const core::Json& message : *messages) text += message.value("content", "") + "\n";
    return text;
}

std::vector<std::string> documents_of(const fs::path& file) {
    const std::string bytes = core::read_file(file);
    std::vector<std::string> documents;
    const bool json =
        !bytes.empty() &&
        bytes[bytes.find_first_not_of(" \t\r\n") == std::string::npos ? 0 : bytes.find_first_not_of(" \t\r\n")] == '{';
    std::size_t number = 0;
    std::string paragraph;
    for (const std::string_view line : core::split_lines(bytes)) {
        ++number;
        const std::string where = fmt::format("{} line {}", file.filename().string(), number);
        if (json) {
            if (!line.empty()) documents.push_back(text_of(core::parse_json(line, where), where));
        } else if (!line.empty()) {
            paragraph += std::string(line) + "\n";
        } else if (!paragraph.empty()) {
            documents.push_back(std::move(paragraph));
            paragraph.clear();
        }
    }
    if (!paragraph.empty()) documents.push_back(std::move(paragraph));
    return documents;
}

std::vector<std::string> texts_of(const record::Pass& pass, const std::string& sha256) {
    std::vector<std::string> texts;
    if (sha256.empty()) return texts;
    for (auto& sequence : model::parse_token_set(pass.objects().get(sha256), "set " + sha256.substr(0, 12)))
        texts.push_back(std::move(sequence.text));
    return texts;
}

// What the gate scores, under the names that the record shows.
EvaluationTexts scored_texts(const record::Pass& pass, const record::CalibrationSet& set, const MixtureOptions& options,
                             std::vector<std::string>& names) {
    EvaluationTexts scored;
    for (const auto& [name, sha256] : {std::pair{"held-out set", set.holdout_sha256}, {"canary", set.canary_sha256}}) {
        for (const std::string& text : texts_of(pass, sha256)) scored.add(name, text);
        if (!sha256.empty()) names.emplace_back(name);
    }
    for (const auto& [name, text] : options.evaluation_texts) {
        scored.add(name, text);
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    for (const std::string& file : pass.file().calibration.evaluation) {
        scored.add_file(pass.resolve(file));
        names.push_back(file);
    }
    return scored;
}

// Tokens of each document, by the original's tokenizer.
std::vector<std::uint64_t> count_tokens(const record::Pass& pass, const std::vector<Document>& documents) {
    std::vector<std::uint64_t> counts(documents.size());
    for (std::size_t begin = 0; begin < documents.size(); begin += documents_per_job) {
        core::Json requests = core::Json::array();
        for (std::size_t i = begin; i < std::min(begin + documents_per_job, documents.size()); ++i)
            requests.push_back({{"id", fmt::format("{}", i)},
                                {"stratum", ""},
                                {"messages", core::Json::array()},
                                {"prompt", documents[i].text},
                                {"answer", ""}});
        const core::Json result =
            engine::run_job("calibration.tokenize",
                            {{"model", pass.original().string()}, {"max_tokens", 1 << 20}, {"requests", requests}},
                            pass.work_folder() / "mixture.log");
        for (const core::Json& sequence : result.at("sequences"))
            counts[begin + sequence.at("position").get<std::size_t>()] = sequence.at("tokens").size();
    }
    return counts;
}

}  // namespace

record::TrainingMixture gather_mixture(record::Pass& pass, const MixtureOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale assemble --mixture");
    const record::PassFile& file = pass.file();
    if (file.quality.method != "qat")
        throw core::refused("a training mixture belongs to quantisation-aware training",
                            "method = \"qat\" in [quality]", "set it in scale.toml, or use: scale assemble");
    const record::Lineage lineage = pass.lineage();
    const record::Entry* set_entry = lineage.current(record::kind::calibration_set);
    if (!set_entry)
        throw core::refused("no calibration set stands, and with it no held-out texts to keep apart from training",
                            "a calibration set", "scale assemble");
    const auto set = set_entry->payload.get<record::CalibrationSet>();
    record::TrainingMixture mixture;
    const EvaluationTexts scored = scored_texts(pass, set, options, mixture.against);

    std::vector<std::vector<std::string>> sources{texts_of(pass, set.set_sha256)};
    mixture.parts.push_back({"the pass's own traffic, redacted", "the operator's own", set.set_sha256, 0, 0, 0, 0});
    for (std::size_t i = 0; i < file.quality.mixture.size(); ++i) {
        const fs::path path = pass.resolve(file.quality.mixture[i]);
        if (file.quality.licences[i].empty())
            throw core::input_error("no licence is stated for " + file.quality.mixture[i],
                                    "the licence of every file that is trained on");
        sources.push_back(documents_of(path));
        mixture.parts.push_back(
            {file.quality.mixture[i], file.quality.licences[i], core::sha256_file(path), 0, 0, 0, 0});
    }
    std::vector<Document> documents;
    std::set<std::string> seen;
    for (std::size_t part = 0; part < sources.size(); ++part)
        for (std::string& text : sources[part]) {
            if (!scored.overlap(text).empty())
                ++mixture.parts[part].overlapping;
            else if (!seen.insert(core::sha256_hex(text)).second)
                ++mixture.parts[part].duplicates;
            else
                documents.push_back({part, std::move(text)});
        }
    const auto counts = count_tokens(pass, documents);
    std::string lines;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        record::MixturePart& part = mixture.parts[documents[i].part];
        ++part.documents;
        part.tokens += counts[i];
        mixture.tokens += counts[i];
        lines += core::canonical({{"source", part.source}, {"text", documents[i].text}}) + "\n";
    }
    if (mixture.tokens == 0)
        throw core::input_error("nothing is left to train on", "texts that the gate does not score");
    mixture.tokens_wanted = options.tokens_wanted;
    mixture.reason = options.reason;
    mixture.epochs = static_cast<double>(mixture.tokens_wanted) / static_cast<double>(mixture.tokens);
    mixture.mixture_sha256 = pass.objects().put(lines);
    pass.store().append({record::Stage::calibration, record::kind::training_mixture, {set_entry->hash}, mixture});
    return mixture;
}

}  // namespace scale::calibration
