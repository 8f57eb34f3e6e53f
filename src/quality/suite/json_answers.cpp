// JSON: facts in a text are to be put into the form of a schema, or into the arguments of a tool's call. Schemas are
// drawn member by member: names, types, enums, ranges, arrays and a nested object, by reference where two members share
// it.
//
// Likelihood: the right object against three near misses with the same facts: a value of the wrong type or out of the
// enum, a member that the schema does not know, and a value from elsewhere in the text. Generation: the answer has to
// be valid under the schema (draft 2020-12) and equal to the right object.
#include <array>

#include <fmt/format.h>

#include "quality/suite/item.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

using core::Json;

struct Member {
    std::string name;
    Json schema;
    Json value;
    std::string fact;  // with {0} for the person
    Json breach;       // a value that the schema rejects
};

Member number_member(core::Random& random) {
    static const std::vector<std::array<const char*, 2>> kinds{
        {"age", "{0} is {1} years old."}, {"floor", "{0} lives on floor {1}."}, {"visits", "{0} came {1} times."}};
    const auto& [name, fact] = random.pick(kinds);
    const std::int64_t value = random.between(2, 90);
    return {name,
            {{"type", "integer"}, {"minimum", 0}, {"maximum", 120}},
            value,
            fmt::format(fmt::runtime(fact), "{0}", value),
            std::to_string(value)};
}

Member enum_member(core::Random& random) {
    const bool shade = random.below(2) == 0;
    const auto words = sample(shade ? colours() : places(), 4, random);
    const Json allowed{words[0], words[1], words[2]};
    const std::string& value = words[random.below(3)];
    return {shade ? "colour" : "place",
            {{"enum", allowed}},
            value,
            fmt::format(fmt::runtime(shade ? "{0} wants it in {1}." : "{0} waits in the {1}."), "{0}", value),
            words[3]};
}

Member flag_member(core::Random& random) {
    const bool value = random.below(2) == 0;
    return {
        "paid", {{"type", "boolean"}}, value, value ? "{0} has paid." : "{0} has not paid yet.", value ? "yes" : "no"};
}

Member list_member(core::Random& random) {
    const auto things = sample(objects(), 2 + random.below(2), random);
    std::string named;
    for (std::size_t i = 0; i < things.size(); ++i)
        named += (i == 0 ? "a " : i + 1 == things.size() ? " and a " : ", a ") + things[i];
    return {"items",
            {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}},
            things,
            fmt::format("{{0}} carries {}.", named),
            things[0]};
}

Member nested_member(core::Random& random) {
    const std::string& animal = random.pick(animals());
    const std::string& colour = random.pick(colours());
    return {"pet",
            {{"$ref", "#/$defs/pet"}},
            {{"kind", animal}, {"colour", colour}},
            fmt::format("{{0}} has a {} {}.", colour, animal),
            {{"kind", animal}}};
}

Json pet_schema() {
    return {{"type", "object"},
            {"properties", {{"kind", {{"type", "string"}}}, {"colour", {{"type", "string"}}}}},
            {"required", {"kind", "colour"}},
            {"additionalProperties", false}};
}

struct Task {
    Json schema;
    Json gold;
    std::string text;
    std::vector<Json> wrong;
};

Task make_task(core::Random& random) {
    using Maker = Member (*)(core::Random&);
    std::vector<Maker> makers{number_member, enum_member, flag_member, list_member, nested_member};
    random.shuffle(makers);
    makers.resize(2 + random.below(3));
    const auto people = sample(person_names(), 2, random);
    Task task;
    task.schema = {{"type", "object"}, {"additionalProperties", false}};
    task.schema["properties"]["name"] = {{"type", "string"}};
    task.schema["required"] = {"name"};
    task.gold["name"] = people[0];
    Member last;
    for (const Maker make : makers) {
        last = make(random);
        task.schema["properties"][last.name] = last.schema;
        task.schema["required"].push_back(last.name);
        if (last.schema.contains("$ref")) task.schema["$defs"]["pet"] = pet_schema();
        task.gold[last.name] = last.value;
        task.text += fmt::format(fmt::runtime(last.fact), people[0]) + " ";
    }
    task.text += fmt::format("{} stands beside.", people[1]);
    Json breach = task.gold, extra = task.gold, other = task.gold;
    breach[last.name] = last.breach;
    extra["note"] = "none";
    other["name"] = people[1];
    task.wrong = {breach, extra, other};
    return task;
}

}  // namespace

std::vector<Item> json_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int i = 0; i < request.items; ++i) {
        core::Random random(request.seed, fmt::format("json {}", i));
        const bool tool = i % 2 == 1;
        Task task = make_task(random);
        Json schema = task.schema, gold = task.gold;
        const auto call = [&](const Json& arguments) {
            return tool ? Json{{"name", "store_person"}, {"arguments", arguments}} : arguments;
        };
        if (tool) {
            // The references lead to the definitions from the root.
            schema = {{"type", "object"},
                      {"properties", {{"name", {{"const", "store_person"}}}, {"arguments", task.schema}}},
                      {"required", {"name", "arguments"}},
                      {"additionalProperties", false}};
            if (task.schema.contains("$defs")) schema["$defs"] = task.schema["$defs"];
            schema["properties"]["arguments"].erase("$defs");
            gold = call(task.gold);
        }
        Item item;
        item.id = fmt::format("json/{}", i);
        item.suite = "json";
        item.task = tool ? "tool_call" : "extraction";
        item.cluster = i;
        item.chat = true;
        item.prompt =
            fmt::format("{}\n\n{} this JSON schema:\n{}\n\nAnswer with the JSON object and nothing else.", task.text,
                        tool ? "Call the tool that stores a person. The call is a JSON object of"
                             : "Write down what is said of the first person as a JSON object of",
                        core::canonical(schema));
        if (request.generation) {
            make_written(item, request, 160, {{"kind", "json"}, {"schema", schema}, {"gold", gold}}, 0);
        } else {
            std::vector<std::string> wrong;
            for (const Json& object : task.wrong) wrong.push_back(core::canonical(call(object)));
            item.gold = place_gold(core::canonical(gold), wrong, "", random, item.options);
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace scale::quality
