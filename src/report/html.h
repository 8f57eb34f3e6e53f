// Writing HTML so that no text can become markup.
//
// Everything that goes through text() or an attribute is made visible (report/describe.h) and escaped; there is no way
// to write raw markup from outside. Elements are closed in the order in which they were opened; take() checks that.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace scale::report {

// The text with & < > " ' as character references.
std::string escaped(std::string_view text);

class Html {
  public:
    using Attribute = std::pair<std::string_view, std::string>;
    using Attributes = std::initializer_list<Attribute>;

    Html& open(std::string_view tag, Attributes attributes = {});
    Html& close();
    Html& text(std::string_view text);
    // An element with nothing but text in it.
    Html& element(std::string_view tag, std::string_view text, Attributes attributes = {});
    // The same within a line of text, where white space is shown as it stands.
    Html& within(std::string_view tag, std::string_view text);
    // An element without content.
    Html& empty(std::string_view tag, Attributes attributes = {});
    // A block of data for the page's script. It is no script itself, and no text in it can end it.
    Html& data(const core::Json& value);

    // The whole markup; asserts that every element is closed.
    std::string take();

  private:
    void start(std::string_view tag, Attributes attributes);

    std::string out_;
    std::vector<std::string> open_;
};

}  // namespace scale::report
