// Where the parts of a schema document are found: resources by $id, anchors, dynamic anchors.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "core/json.h"

namespace scale::quality {

// A subschema and the resource that it belongs to.
struct Located {
    const core::Json* schema = nullptr;
    std::string base;      // URI of the resource, without fragment
    bool dynamic = false;  // found by the name of a dynamic anchor
};

class SchemaIndex {
  public:
    // `root` must outlive the index.
    explicit SchemaIndex(const core::Json& root);

    const Located& root() const { return root_; }
    // The base of `schema` where it is in the place of a schema, else `otherwise`.
    std::string base_of(const core::Json& schema, const std::string& otherwise) const;
    // Throws an input error for a reference out of the document, or to nothing.
    Located find(const std::string& base, const std::string& reference) const;
    // The dynamic anchor of this name in this resource; nullptr where it has none.
    const core::Json* dynamic_anchor(const std::string& base, const std::string& name) const;

  private:
    void add(const core::Json& schema, std::string base);
    Located follow(const Located& resource, const std::string& pointer) const;

    Located root_;
    std::map<std::string, const core::Json*> resources_;
    std::map<std::pair<std::string, std::string>, const core::Json*> anchors_;
    std::map<std::pair<std::string, std::string>, const core::Json*> dynamic_;
    std::map<const core::Json*, std::string> bases_;
};

}  // namespace scale::quality
