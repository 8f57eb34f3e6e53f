#include "cli/shell/command_tree.h"

#include "core/text.h"

namespace scale::cli {

namespace {

constexpr std::string_view example_heading = "Example:";

// The parser describes what a value may be behind its type: "TEXT:{relaxed,strict}", "TEXT:FILE".
std::vector<std::string> choices_of(const std::string& type) {
    const std::size_t begin = type.find('{');
    const std::size_t end = type.find('}', begin);
    if (begin == std::string::npos || end == std::string::npos) return {};
    std::vector<std::string> choices;
    std::string list = type.substr(begin + 1, end - begin - 1) + ",";
    for (std::size_t at = 0, comma = 0; (comma = list.find(',', at)) != std::string::npos; at = comma + 1)
        choices.push_back(list.substr(at, comma - at));
    return choices;
}

std::string value_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    const std::string type = option.get_type_name();
    const std::size_t colon = type.find(':');
    const std::string detail = colon == std::string::npos ? "" : type.substr(colon + 1);
    return detail == "FILE" || detail == "DIR" ? detail : type.substr(0, colon);
}

OptionShape option_shape(const CLI::Option& option) {
    OptionShape shape;
    for (const std::string& name : option.get_snames()) shape.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) shape.names.push_back("--" + name);
    if (option.get_positional()) shape.positional = option.get_single_name();
    shape.description = option.get_description();
    shape.value = value_of(option);
    shape.choices = choices_of(option.get_type_name());
    shape.default_value = option.get_default_str();
    shape.value_optional = option.get_items_expected_min() == 0;
    shape.required = option.get_required();
    return shape;
}

std::string example_of(const CLI::App& app) {
    const std::string footer = app.get_footer();
    const std::size_t at = footer.find(example_heading);
    return at == std::string::npos ? "" : core::trimmed(footer.substr(at + example_heading.size()));
}

CommandShape shape_below(const CLI::App& app, const std::string& name) {
    CommandShape shape;
    shape.name = name;
    shape.description = app.get_description();
    shape.example = example_of(app);
    for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; }))
        shape.options.push_back(option_shape(*option));
    // The parser hides what is in the group "".
    for (const CLI::App* command : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
        shape.commands.push_back(shape_below(*command, (name.empty() ? "" : name + " ") + command->get_name()));
    return shape;
}

void flatten(const CommandShape& shape, std::vector<const CommandShape*>& list) {
    list.push_back(&shape);
    for (const CommandShape& command : shape.commands) flatten(command, list);
}

}  // namespace

std::string CommandShape::last_word() const {
    const std::size_t space = name.rfind(' ');
    return space == std::string::npos ? name : name.substr(space + 1);
}

CommandShape shape_of(const CLI::App& app) {
    return shape_below(app, "");
}

std::vector<const CommandShape*> flattened(const CommandShape& root) {
    std::vector<const CommandShape*> list;
    flatten(root, list);
    return list;
}

}  // namespace scale::cli
