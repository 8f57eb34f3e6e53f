// Pieces that the sections share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "record/payload.h"
#include "record/store.h"
#include "report/figures.h"
#include "report/sections/sections.h"

namespace scale::report {

// Opens the section of a stage with its heading, question and state, and says why where it is not done; the caller
// closes.
void begin_stage(Html& page, const Context& context, record::Stage stage);

// Runs `body` on the payload of the newest entry of the kind, or says that it is open. A payload that cannot be read is
// said to be so; the rest of the report stands.
void with_entry(Html& page, const Context& context, const char* kind,
                const std::function<void(const record::Entry& entry)>& body);

// "● measured" or "◇ estimated", with where or how behind it.
void tag(Html& page, bool measured, const std::string& how = {});

struct Tile {
    std::string name;
    std::string value;
    std::string note;
};
void tiles(Html& page, const std::vector<Tile>& tiles);

enum class Source { unmarked, measured, estimated };

struct Column {
    std::string name;
    bool number = false;
    bool is_long = false;
    Source source = Source::unmarked;  // of its figures: "●" or "◇" before each
};
using Cells = std::vector<std::string>;
// `chosen` is the index of a row to mark; -1: none.
void table(Html& page, const std::string& caption, const std::vector<Column>& columns, const std::vector<Cells>& rows,
           int chosen = -1);

}  // namespace scale::report
