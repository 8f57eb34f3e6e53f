// Evaluation. Every call judges one instance by one subschema and says which members and items it has evaluated, which
// is what unevaluatedProperties and unevaluatedItems of an enclosing schema ask for.
#include "quality/json_schema/json_schema.h"

#include <re2/re2.h>
#include <set>
#include <vector>

#include "core/error.h"
#include "quality/json_schema/assertions.h"
#include "quality/json_schema/schema_index.h"

namespace scale::quality {
namespace {

using core::Json;

constexpr int deepest = 400;

struct Seen {
    std::set<std::string> members;
    std::set<std::size_t> items;
    void merge(const Seen& other) {
        members.insert(other.members.begin(), other.members.end());
        items.insert(other.items.begin(), other.items.end());
    }
};

class Evaluation {
  public:
    explicit Evaluation(const SchemaIndex& index) : index_(index) {}

    bool judge(const Json& schema, const std::string& base, const Json& instance, const std::string& path, Seen& seen) {
        if (schema.is_boolean()) return schema.get<bool>() || fail(path, "false");
        if (!schema.is_object()) return true;
        if (++depth_ > deepest)
            throw core::input_error("the schema recurses without end", "a recursion that goes down into the instance");
        const std::string own = index_.base_of(schema, base);
        const bool entered = scope_.empty() || scope_.back() != own;
        if (entered) scope_.push_back(own);
        Seen here;
        const bool valid = judge_object(schema, own, instance, path, here);
        if (entered) scope_.pop_back();
        --depth_;
        if (valid) seen.merge(here);
        return valid;
    }

    const std::string& problem() const { return problem_; }

  private:
    // The first problem is kept: those after it mostly follow from it.
    bool fail(const std::string& path, const std::string& keyword) {
        if (problem_.empty() && quiet_ == 0) problem_ = (path.empty() ? "/" : path) + ": " + keyword;
        return false;
    }

    bool judge_object(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                      Seen& seen) {
        if (const std::string broken = broken_assertion(schema, instance); !broken.empty()) return fail(path, broken);
        return references(schema, base, instance, path, seen) && combined(schema, base, instance, path, seen) &&
               conditional(schema, base, instance, path, seen) &&
               (!instance.is_object() || members(schema, base, instance, path, seen)) &&
               (!instance.is_array() || items(schema, base, instance, path, seen)) &&
               unevaluated(schema, base, instance, path, seen);
    }

    // Whether the branch holds; its failure is no problem of the whole.
    bool tried(const Json& schema, const std::string& base, const Json& instance, const std::string& path, Seen& seen) {
        ++quiet_;
        const bool valid = judge(schema, base, instance, path, seen);
        --quiet_;
        return valid;
    }

    bool references(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                    Seen& seen) {
        if (const auto at = schema.find("$ref"); at != schema.end()) {
            const Located target = index_.find(base, at->get<std::string>());
            if (!judge(*target.schema, target.base, instance, path, seen)) return false;
        }
        if (const auto at = schema.find("$dynamicRef"); at != schema.end()) {
            const auto reference = at->get<std::string>();
            const Located target = dynamic_target(index_.find(base, reference), reference);
            if (!judge(*target.schema, target.base, instance, path, seen)) return false;
        }
        return true;
    }

    // The outermost resource on the way here that has a dynamic anchor of the same name.
    Located dynamic_target(const Located& found, const std::string& reference) const {
        if (!found.dynamic) return found;
        const std::string name = reference.substr(reference.find('#') + 1);
        for (const std::string& resource : scope_)
            if (const Json* schema = index_.dynamic_anchor(resource, name)) return {schema, resource, true};
        return found;
    }

    bool combined(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                  Seen& seen) {
        if (const auto all = schema.find("allOf"); all != schema.end())
            for (const Json& part : *all)
                if (!judge(part, base, instance, path, seen)) return false;
        if (const auto any = schema.find("anyOf"); any != schema.end()) {
            int held = 0;
            for (const Json& part : *any) held += tried(part, base, instance, path, seen) ? 1 : 0;
            if (held == 0) return fail(path, "anyOf");
        }
        if (const auto one = schema.find("oneOf"); one != schema.end()) {
            int held = 0;
            for (const Json& part : *one) held += tried(part, base, instance, path, seen) ? 1 : 0;
            if (held != 1) return fail(path, "oneOf");
        }
        Seen ignored;
        if (const auto none = schema.find("not"); none != schema.end() && tried(*none, base, instance, path, ignored))
            return fail(path, "not");
        return true;
    }

    bool conditional(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                     Seen& seen) {
        if (const auto test = schema.find("if"); test != schema.end()) {
            const char* branch = tried(*test, base, instance, path, seen) ? "then" : "else";
            const auto next = schema.find(branch);
            if (next != schema.end() && !judge(*next, base, instance, path, seen)) return false;
        }
        if (const auto rules = schema.find("dependentSchemas"); rules != schema.end() && instance.is_object())
            for (const auto& [name, part] : rules->items())
                if (instance.contains(name) && !judge(part, base, instance, path, seen)) return false;
        return true;
    }

    bool members(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                 Seen& seen) {
        const auto named = schema.find("properties"), patterns = schema.find("patternProperties"),
                   rest = schema.find("additionalProperties"), names = schema.find("propertyNames");
        for (const auto& [name, value] : instance.items()) {
            const std::string at = path + "/" + name;
            bool known = false;
            Seen inner;
            if (names != schema.end() && !judge(*names, base, Json(name), at, inner)) return false;
            if (named != schema.end() && named->contains(name)) {
                known = true;
                if (!judge((*named)[name], base, value, at, inner)) return false;
            }
            if (patterns != schema.end())
                for (const auto& [pattern, part] : patterns->items()) {
                    if (!re2::RE2::PartialMatch(name, pattern_of(pattern))) continue;
                    known = true;
                    if (!judge(part, base, value, at, inner)) return false;
                }
            if (!known && rest != schema.end()) {
                known = true;
                if (!judge(*rest, base, value, at, inner)) return false;
            }
            if (known) seen.members.insert(name);
        }
        return true;
    }

    bool items(const Json& schema, const std::string& base, const Json& instance, const std::string& path, Seen& seen) {
        const auto first = schema.find("prefixItems"), rest = schema.find("items"), some = schema.find("contains");
        const std::size_t prefix = first == schema.end() ? 0 : first->size();
        int contained = 0;
        for (std::size_t i = 0; i < instance.size(); ++i) {
            const std::string at = path + "/" + std::to_string(i);
            Seen inner;
            const Json* part = i < prefix ? &(*first)[i] : rest != schema.end() ? &*rest : nullptr;
            if (part) {
                if (!judge(*part, base, instance[i], at, inner)) return false;
                seen.items.insert(i);
            }
            if (some != schema.end() && tried(*some, base, instance[i], at, inner)) {
                ++contained;
                seen.items.insert(i);
            }
        }
        if (some == schema.end()) return true;
        const double least = schema.contains("minContains") ? schema["minContains"].get<double>() : 1;
        if (contained < least) return fail(path, "contains");
        return !schema.contains("maxContains") || contained <= schema["maxContains"].get<double>() ||
               fail(path, "maxContains");
    }

    bool unevaluated(const Json& schema, const std::string& base, const Json& instance, const std::string& path,
                     Seen& seen) {
        Seen inner;
        if (const auto part = schema.find("unevaluatedProperties"); part != schema.end() && instance.is_object())
            for (const auto& [name, value] : instance.items()) {
                if (seen.members.count(name)) continue;
                if (!judge(*part, base, value, path + "/" + name, inner)) return fail(path, "unevaluatedProperties");
                seen.members.insert(name);
            }
        if (const auto part = schema.find("unevaluatedItems"); part != schema.end() && instance.is_array())
            for (std::size_t i = 0; i < instance.size(); ++i) {
                if (seen.items.count(i)) continue;
                if (!judge(*part, base, instance[i], path + "/" + std::to_string(i), inner))
                    return fail(path, "unevaluatedItems");
                seen.items.insert(i);
            }
        return true;
    }

    const SchemaIndex& index_;
    std::vector<std::string> scope_;  // resources entered on the way here, outermost first
    std::string problem_;
    int depth_ = 0;
    int quiet_ = 0;
};

}  // namespace

struct JsonSchema::Parts {
    Json schema;
    SchemaIndex index;
    explicit Parts(Json of) : schema(std::move(of)), index(schema) {}
};

JsonSchema::JsonSchema(Json schema) : parts_(std::make_unique<Parts>(std::move(schema))) {}
JsonSchema::~JsonSchema() = default;
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;

std::string JsonSchema::problem(const Json& instance) const {
    Evaluation evaluation(parts_->index);
    Seen seen;
    const Located& root = parts_->index.root();
    if (evaluation.judge(*root.schema, root.base, instance, "", seen)) return {};
    return evaluation.problem().empty() ? "/: not valid" : evaluation.problem();
}

}  // namespace scale::quality
