// The reference of scale.toml, from the one declaration of its keys (record/pass_fields.h).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/manual.h"
#include "record/pass_fields.h"

namespace scale::cli {

namespace {

std::string cell(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '[') result += '\\';
        result += c;
    }
    return result;
}

class SettingsWriter {
  public:
    std::string text = "# scale.toml\n\nWritten by `scale manual --format settings`, from the program's own declaration. "
                       "Every key but `path` in `[model]` has a default; an unknown key is an error that names the "
                       "nearest known one.\n";

    void section(const std::string& name, const std::string& comment) {
        text += fmt::format("\n## [{}]\n\n{}\n\n| key | default | meaning |\n|---|---|---|\n", name, cell(comment));
    }
    void field(const std::string& key, const std::string& value, const char* comment) {
        row(key, value.empty() ? "" : '"' + value + '"', comment);
    }
    void field(const std::string& key, bool value, const char* comment) { row(key, value ? "true" : "false", comment); }
    void field(const std::string& key, const std::vector<std::string>& values, const char* comment) {
        row(key, values.empty() ? "" : fmt::format("{}", values), comment);
    }
    template <typename Value>
    void field(const std::string& key, const Value& value, const char* comment) {
        row(key, fmt::format("{}", value), comment);
    }
    template <typename Table>
    void table(const std::string& name, const Table&, const std::vector<std::string>& keys, const char* comment) {
        section(name, comment);
        for (const std::string& key : keys) row(key, "3, where the suite is asked", "");
    }

  private:
    void row(const std::string& key, const std::string& value, const std::string& comment) {
        text += fmt::format("| `{}` | {} | {} |\n", key, value.empty() ? "–" : "`" + value + "`", cell(comment));
    }
};

}  // namespace

std::string settings_markdown() {
    record::PassFile defaults;
    SettingsWriter writer;
    record::visit_pass_file(defaults, writer);
    return writer.text;
}

}  // namespace scale::cli
