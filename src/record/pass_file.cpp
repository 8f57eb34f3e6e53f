#include "record/pass_file.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "record/pass_fields.h"
#include "record/pass_template.h"

namespace scale::record {

namespace {

// Reads one parsed TOML table into a PassFile and collects every mistake with its line.
class Reader {
  public:
    explicit Reader(const toml::table& root) : root_(root) {}

    void section(const std::string& name, const char*) {
        section_ = name;
        known_[name];
        table_ = nullptr;
        const toml::node* node = root_.get(name);
        if (!node) return;
        table_ = node->as_table();
        if (!table_) complain(*node, fmt::format("'{}' is not a section", name));
    }

    template <typename T>
    void field(const std::string& key, T& value, const char*) {
        known_[section_].insert(key);
        const toml::node* node = table_ ? table_->get(key) : nullptr;
        if (node) read(*node, key, value);
    }

    void table(const std::string& name, std::map<std::string, double>& values, const std::vector<std::string>& keys,
               const char*) {
        const auto dot = name.find('.');
        known_[name.substr(0, dot)].insert(name.substr(dot + 1));
        const toml::node* node = table_ ? table_->get(name.substr(dot + 1)) : nullptr;
        if (!node) return;
        if (!node->is_table()) return complain(*node, fmt::format("'{}' is not a section", name));
        for (const auto& [key, item] : *node->as_table()) {
            const std::string text(key.str());
            if (std::find(keys.begin(), keys.end(), text) == keys.end())
                complain(item, unknown(fmt::format("{} in [{}]", text, name), text, keys));
            else
                read(item, text, values[text]);
        }
    }

    // After all fields: whatever else is in the file is unknown.
    void refuse_unknown() {
        std::vector<std::string> sections;
        for (const auto& [name, keys] : known_) sections.push_back(name);
        for (const auto& [key, node] : root_) {
            const std::string name(key.str());
            const auto section = known_.find(name);
            if (section == known_.end()) {
                complain(node, unknown(fmt::format("section [{}]", name), name, sections));
                continue;
            }
            if (!node.is_table()) continue;
            const std::vector<std::string> keys(section->second.begin(), section->second.end());
            for (const auto& [inner, item] : *node.as_table())
                if (!section->second.contains(std::string(inner.str())))
                    complain(item,
                             unknown(fmt::format("{} in [{}]", inner.str(), name), std::string(inner.str()), keys));
        }
    }

    std::vector<std::pair<unsigned, std::string>> mistakes;

  private:
    void complain(const toml::node& node, std::string text) {
        mistakes.emplace_back(node.source().begin.line, std::move(text));
    }

    static std::string unknown(const std::string& what, const std::string& word, const std::vector<std::string>& keys) {
        const std::string near = core::nearest(word, keys);
        return fmt::format("unknown key {}{}", what, near.empty() ? "" : "; did you mean '" + near + "'?");
    }

    void wrong(const toml::node& node, const std::string& key, const char* expected) {
        complain(node, fmt::format("{} in [{}] must be {}", key, section_, expected));
    }
    void read(const toml::node& node, const std::string& key, std::string& value) {
        if (const auto text = node.value_exact<std::string>())
            value = *text;
        else
            wrong(node, key, "a string");
    }
    void read(const toml::node& node, const std::string& key, bool& value) {
        if (const auto flag = node.value_exact<bool>())
            value = *flag;
        else
            wrong(node, key, "true or false");
    }
    void read(const toml::node& node, const std::string& key, double& value) {
        if (const auto number = node.value<double>(); number && node.is_number())
            value = *number;
        else
            wrong(node, key, "a number");
    }
    template <typename Integer>
    void read_integer(const toml::node& node, const std::string& key, Integer& value) {
        const auto number = node.value_exact<std::int64_t>();
        if (!number) return wrong(node, key, "a whole number");
        if (*number < 0 || *number > std::int64_t{1} << 40 ||
            static_cast<std::int64_t>(static_cast<Integer>(*number)) != *number)
            return wrong(node, key, "a whole number from 0 that fits");
        value = static_cast<Integer>(*number);
    }
    void read(const toml::node& node, const std::string& key, int& value) { read_integer(node, key, value); }
    void read(const toml::node& node, const std::string& key, std::uint64_t& value) { read_integer(node, key, value); }
    template <typename T>
    void read(const toml::node& node, const std::string& key, std::vector<T>& values) {
        const toml::array* array = node.as_array();
        if (!array) return wrong(node, key, "a list");
        values.clear();
        for (const auto& item : *array) {
            if (const auto value = item.value_exact<T>())
                values.push_back(*value);
            else
                wrong(item, key, std::is_same_v<T, std::string> ? "a list of strings" : "a list of whole numbers");
        }
    }

    const toml::table& root_;
    const toml::table* table_ = nullptr;
    std::string section_;
    std::map<std::string, std::set<std::string>> known_;
};

// What no single field can judge.
std::vector<std::string> contradictions(const PassFile& file) {
    std::vector<std::string> found;
    const auto check = [&](bool good, std::string text) {
        if (!good) found.push_back(std::move(text));
    };
    const auto one_of = [&](const std::string& key, const std::string& value, const std::vector<std::string>& allowed) {
        if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
        const std::string near = core::nearest(value, allowed);
        found.push_back(fmt::format("{} is '{}', which is not one of {}{}", key, value, fmt::join(allowed, ", "),
                                    near.empty() ? "" : "; did you mean '" + near + "'?"));
    };
    const auto share = [](double value) { return value > 0 && value < 1; };
    check(!file.model.path.empty(), "path in [model] is missing: the original's GGUF file or Hugging Face folder");
    one_of("stakes in [model]", file.model.stakes, {"normal", "low"});
    check(file.model.stakes != "low" || !file.model.stakes_reason.empty(),
          "stakes = \"low\" in [model] needs stakes_reason");
    one_of("kind in [constraint]", file.constraint.kind, {"memory", "throughput", "cost", "measure"});
    const Workload& load = file.constraint.workload;
    check(load.prompt_tokens >= 1 && load.completion_tokens >= 1,
          "prompt_tokens and completion_tokens in [constraint] must be at least 1");
    check(load.concurrency >= 1 && load.concurrency <= 256, "concurrency in [constraint] must be 1 to 256");
    check(load.prompt_tokens + load.completion_tokens <= file.deploy.context,
          fmt::format("prompt_tokens + completion_tokens in [constraint] is {}, more than context in [deploy], {}",
                      load.prompt_tokens + load.completion_tokens, file.deploy.context));
    one_of("target in [deploy]", file.deploy.target, {"llama.cpp", "vllm"});
    if (file.deploy.target == "vllm") one_of("hardware in [deploy]", file.deploy.hardware, vllm_hardware());
    check(file.deploy.tensor_parallel >= 1 && file.deploy.tensor_parallel <= 64,
          "tensor_parallel in [deploy] must be 1 to 64");
    check(file.deploy.context >= 64, "context in [deploy] must be at least 64");
    one_of("kv_type in [deploy]", file.deploy.kv_type, {"f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"});
    one_of("quality in [choice]", file.choice.quality, {"balanced", "paramount"});
    check(file.choice.type.empty() || !file.choice.type_reason.empty(), "type in [choice] needs type_reason");
    check(file.choice.trial_rounds >= 1, "trial_rounds in [choice] must be at least 1");
    check(file.calibration.samples >= 128 && file.calibration.samples <= 512,
          "samples in [calibration] must be 128 to 512");
    check(file.calibration.expires_days >= 1, "expires_days in [calibration] must be at least 1");
    one_of("format in [traffic]", file.traffic.format, {"auto", "requests", "gateway", "prompts", "chats"});
    check(file.calibration.max_tokens == 0 || file.calibration.max_tokens >= 32,
          "max_tokens in [calibration] must be at least 32, or 0 for the deployed context");
    one_of("answers in [calibration]", file.calibration.answers, {"log", "generate"});
    one_of("channels in [calibration]", file.calibration.channels, {"report", "cover", "off"});
    check(file.calibration.answer_tokens >= 1 && file.calibration.answer_tokens <= 4096,
          "answer_tokens in [calibration] must be 1 to 4096");
    check(file.calibration.canary >= 0 && file.calibration.canary + file.calibration.holdout <= 0.9,
          "canary in [calibration] must be at least 0, and with holdout at most 0.9");
    one_of("rounding in [calibration]", file.calibration.rounding, {"refined", "tuned", "stock"});
    one_of("allocation in [calibration]", file.calibration.allocation, {"searched", "stock"});
    check(share(file.calibration.holdout), "holdout in [calibration] must lie between 0 and 1");
    check(file.budget.alpha > 0 && file.budget.alpha <= 0.2, "alpha in [budget] must lie above 0 and at most at 0.2");
    check(file.budget.points > 0 && file.budget.points <= 100,
          "points in [budget] must lie above 0 and at most at 100");
    for (const auto& [suite, margin] : file.budget.suites)
        check(margin > 0 && margin <= 100, suite + " in [budget.suites] must lie above 0 and at most at 100");
    check(file.budget.kl_mean > 0 && file.budget.likelihood_nats > 0,
          "kl_mean and likelihood_nats in [budget] must be positive");
    check(share(file.budget.top1_agreement), "top1_agreement in [budget] must lie between 0 and 1");
    check(file.budget.perplexity_ratio > 1, "perplexity_ratio in [budget] must be above 1");
    check(file.budget.items >= 20, "items in [budget] must be at least 20");
    check(file.budget.kl_tokens >= 256, "kl_tokens in [budget] must be at least 256");
    check(file.budget.context >= 128, "context in [budget] must be at least 128");
    const SuiteSettings& scoring = file.budget.scoring;
    for (const std::string& suite : scoring.suites) one_of("suites in [quality]", suite, generated_suite_names());
    one_of("mode in [quality]", scoring.mode, {"auto", "likelihood", "generation"});
    one_of("instruction_rules in [quality]", scoring.instruction_rules, {"fixed", "compat"});
    one_of("instruction_score in [quality]", scoring.instruction_score, {"strict", "loose"});
    one_of("number_extraction in [quality]", scoring.number_extraction, {"flexible", "strict"});
    one_of("distribution in [quality]", scoring.distribution, {"engine", "servers"});
    check(scoring.top_tokens >= 0 && scoring.top_tokens <= 1000000, "top_tokens in [quality] must be 0 to 1000000");
    check(scoring.pilot_items >= 8 && scoring.pilot_items <= 1000, "pilot_items in [quality] must be 8 to 1000");
    check(scoring.answer_tokens >= 8 && scoring.answer_tokens <= 32768,
          "answer_tokens in [quality] must be 8 to 32768");
    check(file.budget.kl_p99 >= 0 && file.budget.kl_p999 >= 0 && file.budget.rms_dp >= 0 && file.budget.rms_dp <= 1,
          "kl_p99, kl_p999 and rms_dp in [budget] must be at least 0, rms_dp at most 1");
    one_of("slices in [budget]", file.budget.slices, {"watch", "require", "off"});
    check(file.budget.slice_factor >= 1, "slice_factor in [budget] must be at least 1");
    check(file.budget.looks >= 1 && file.budget.looks <= 8, "looks in [budget] must be 1 to 8");
    check(file.budget.items_cap == 0 || (file.budget.looks > 1 && file.budget.items_cap > file.budget.items),
          "items_cap in [budget] must be more than items, with looks of at least 2");
    one_of("spending in [budget]", file.budget.spending, {"obrien_fleming", "even"});
    check(file.budget.length_ratio > 1, "length_ratio in [budget] must be above 1");
    check(file.budget.behaviour_points > 0 && file.budget.behaviour_points <= 100,
          "behaviour_points in [budget] must lie above 0 and at most at 100");
    one_of("method in [quality]", file.quality.method, {"ptq", "qat"});
    check(file.quality.mixture.size() == file.quality.licences.size(),
          "licences in [quality] must name one licence for every file of mixture");
    check(file.quality.mixture_tokens == 0 || !file.quality.mixture_reason.empty(),
          "mixture_tokens in [quality] needs mixture_reason");
    check(file.quality.original_url.empty() == file.quality.candidate_url.empty(),
          "original_url and candidate_url in [quality] belong together: answers of a server and of the engine are not "
          "comparable");
    check(file.quality.original_url.empty() || file.quality.original_url != file.quality.candidate_url ||
              file.quality.original_model != file.quality.candidate_model,
          "original_url and candidate_url in [quality] are the same server and model, compared with itself");
    for (const std::string* url : {&file.quality.original_url, &file.quality.candidate_url})
        check(url->empty() || url->rfind("http://", 0) == 0 || url->rfind("https://", 0) == 0,
              "a URL in [quality] must begin with http:// or https://");
    check(file.quality.lm_eval_original.empty() == file.quality.lm_eval_candidate.empty() &&
              file.quality.lm_eval.empty() == file.quality.lm_eval_original.empty(),
          "lm_eval_original, lm_eval_candidate and lm_eval in [quality] belong together");
    const auto& steps = file.rollout.steps;
    check(!steps.empty() && steps.front() > 0 && steps.back() <= 1000000 && std::is_sorted(steps.begin(), steps.end()),
          "steps in [rollout] must rise within 1 to 1000000 parts per million");
    check(share(file.rollout.alpha) && share(file.rollout.beta),
          "alpha and beta in [rollout] must lie between 0 and 1");
    check(file.rollout.harm_ratio >= 1 && file.rollout.safe_ratio > 1,
          "harm_ratio in [rollout] must be at least 1, safe_ratio above 1");
    check(!file.rollout.guardrails.empty(), "guardrails in [rollout] must name at least one bad event");
    check(file.rollout.parallel >= 1, "parallel in [rollout] must be at least 1");
    one_of("durability in [rollout]", file.rollout.durability, {"relaxed", "strict"});
    check(file.rollout.workers >= 0 && file.rollout.workers <= 256, "workers in [rollout] must be 0 to 256");
    check(file.rollout.tls_certificate.empty() == file.rollout.tls_key.empty(),
          "tls_certificate and tls_key in [rollout] belong together");
    check(file.rollout.upstream_certificate.empty() == file.rollout.upstream_key.empty(),
          "upstream_certificate and upstream_key in [rollout] belong together");
    check(file.rollout.upstream_certificate.empty() || file.rollout.original_url.starts_with("https://") ||
              file.rollout.candidate_url.starts_with("https://"),
          "upstream_certificate in [rollout] is for servers of an https:// address in original_url or candidate_url");
    check(file.rollout.lease_seconds >= 1 && file.rollout.lease_seconds <= 3600,
          "lease_seconds in [rollout] must be 1 to 3600");
    check(file.rollout.database.find("password") == std::string::npos,
          "database in [rollout] must not hold the password: leave it to a password file (~/.pgpass) or PGPASSWORD");
    check(file.rollout.keep_log_days >= 0, "keep_log_days in [rollout] must not be negative");
    check(file.rollout.keep_log_days == 0 || file.rollout.database.empty(),
          "keep_log_days in [rollout] cannot go with database: each gateway's whole log is what it ships again");
    check(file.rollout.shadow_ppm >= 0 && file.rollout.shadow_ppm <= 1000000,
          "shadow_ppm in [rollout] must be 0 to 1000000");
    check(file.rollout.shadow_open >= 1 && file.rollout.shadow_open <= 1000,
          "shadow_open in [rollout] must be 1 to 1000");
    return found;
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

// Writes the commented template. A value that is not stated (empty, 0) is written as a comment.
class TemplateWriter {
  public:
    std::string text;

    void section(const std::string& name, const char* comment) { text += fmt::format("\n# {}\n[{}]\n", comment, name); }
    void field(const std::string& key, const std::string& value, const char* comment) {
        line(key, quoted(value), comment, value.empty());
    }
    void field(const std::string& key, bool value, const char* comment) {
        line(key, value ? "true" : "false", comment, false);
    }
    void field(const std::string& key, double value, const char* comment) {
        line(key, fmt::format("{}", value), comment, value == 0);
    }
    void field(const std::string& key, int value, const char* comment) {
        line(key, fmt::format("{}", value), comment, false);
    }
    void field(const std::string& key, std::uint64_t value, const char* comment) {
        line(key, fmt::format("{}", value), comment, false);
    }
    void field(const std::string& key, const std::vector<std::int64_t>& values, const char* comment) {
        line(key, fmt::format("[{}]", fmt::join(values, ", ")), comment, false);
    }
    void field(const std::string& key, const std::vector<std::string>& values, const char* comment) {
        std::vector<std::string> items;
        for (const auto& value : values) items.push_back(quoted(value));
        line(key, fmt::format("[{}]", fmt::join(items, ", ")), comment, false);
    }
    void table(const std::string& name, const std::map<std::string, double>&, const std::vector<std::string>& keys,
               const char* comment) {
        section(name, comment);
        for (const auto& key : keys) line(key, "3", "", false);
    }

  private:
    void line(const std::string& key, const std::string& value, const char* comment, bool unstated) {
        std::string written = fmt::format("{}{} = {}", unstated ? "# " : "", key, value);
        if (*comment) written = fmt::format("{:<34} # {}", written, comment);
        text += written + "\n";
    }
};

toml::table parse_toml(const std::string& text, const std::string& source) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& failure) {
        throw core::input_error(
            fmt::format("{} line {}: {}", source, failure.source().begin.line, failure.description()),
            "TOML (key = value lines under [section] headings)", "correct that line");
    }
}

}  // namespace

const std::vector<std::string>& vllm_hardware() {
    static const std::vector<std::string> names{"turing", "ampere",     "ada", "hopper", "blackwell",
                                                "amd",    "x86-avx512", "x86", "arm"};
    return names;
}

PassFile parse_pass_file(const std::string& text, const std::string& source) {
    const toml::table root = parse_toml(text, source);
    PassFile file;
    Reader reader(root);
    visit_pass_file(file, reader);
    reader.refuse_unknown();
    std::sort(reader.mistakes.begin(), reader.mistakes.end());
    std::vector<std::string> lines;
    for (const auto& [line, mistake] : reader.mistakes)
        lines.push_back(fmt::format("{} line {}: {}", source, line, mistake));
    if (lines.empty())
        for (const auto& contradiction : contradictions(file))
            lines.push_back(fmt::format("{}: {}", source, contradiction));
    if (!lines.empty()) throw core::input_error(fmt::format("{}", fmt::join(lines, "\n")), {}, "correct " + source);
    file.constraint.workload.context = file.deploy.context;
    file.constraint.workload.kv_type = file.deploy.kv_type;
    return file;
}

PassFile read_pass_file(const std::filesystem::path& path) {
    return parse_pass_file(core::read_file(path, 1 << 20), path.filename().string());
}

std::string pass_file_text(const PassFile& file, const std::string& model_description) {
    TemplateWriter writer;
    writer.text = fmt::format(
        "# A SCALE pass for {}.\n"
        "# The stages in order: scale set, choose, lock --declare, assemble, quantize, lock, evaluate start; or scale "
        "run.\n",
        model_description);
    PassFile values = file;  // visit_pass_file reads and writes by one declaration
    visit_pass_file(values, writer);
    return writer.text;
}

std::string pass_file_template(const std::string& model_path, const std::string& model_description,
                               double suggested_memory_mib) {
    PassFile file;
    file.model.path = model_path;
    if (suggested_memory_mib > 0) {
        file.constraint.kind = "memory";
        file.constraint.memory_mib = suggested_memory_mib;
    }
    return pass_file_text(file, model_description);
}

}  // namespace scale::record
