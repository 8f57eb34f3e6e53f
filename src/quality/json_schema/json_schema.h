// JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12): core, applicator, unevaluated and validation
// vocabularies. `format` and `content…` are annotations, as the draft has it by default, and reject nothing.
//
// References stay within the schema's own document: by pointer, anchor, dynamic anchor, or the $id of an embedded
// resource. What would have to be fetched is an input error. Patterns are RE2's, linear in the text; ECMAScript's
// look-arounds and back-references are an input error. Proved on the official test suite:
// docs/measurements/json-schema.md.
#pragma once

#include <memory>
#include <string>

#include "core/json.h"

namespace scale::quality {

class JsonSchema {
  public:
    // Keeps its own copy of the schema. An input error where its $schema names another draft or metaschema.
    explicit JsonSchema(core::Json schema);
    ~JsonSchema();
    JsonSchema(JsonSchema&&) noexcept;

    // "" where the instance is valid; otherwise where it is not and by which keyword, "/items/2: minimum". Throws an
    // input error for a reference that leads nowhere, a pattern that cannot be compiled, or endless recursion.
    std::string problem(const core::Json& instance) const;
    bool accepts(const core::Json& instance) const { return problem(instance).empty(); }

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace scale::quality
