#include "record/entry.h"

#include "core/error.h"
#include "core/hash.h"

namespace scale::record {

namespace {

core::Json without_hash(const Entry& entry) {
    return {{"seq", entry.seq},         {"time", entry.time},     {"stage", stage_name(entry.stage)},
            {"kind", entry.kind},       {"schema", entry.schema}, {"parents", entry.parents},
            {"payload", entry.payload}, {"tool", entry.tool},     {"prev", entry.prev}};
}

}  // namespace

std::string genesis_hash() {
    return std::string(64, '0');
}

std::string computed_hash(const Entry& entry) {
    return core::sha256_hex(core::canonical(without_hash(entry)));
}

std::string to_line(const Entry& entry) {
    core::Json object = without_hash(entry);
    object["hash"] = entry.hash;
    return core::canonical(object);
}

Entry from_line(std::string_view line, const std::string& where) {
    const core::Json object = core::parse_json(line, where);
    Entry entry;
    entry.seq = core::required<std::uint64_t>(object, "seq", where);
    entry.time = core::required<std::string>(object, "time", where);
    const auto stage = core::required<std::string>(object, "stage", where);
    const auto known = stage_from_name(stage);
    if (!known) throw core::input_error(where + ": stage '" + stage + "' is unknown");
    entry.stage = *known;
    entry.kind = core::required<std::string>(object, "kind", where);
    entry.schema = core::required<int>(object, "schema", where);
    entry.parents = core::required<std::vector<std::string>>(object, "parents", where);
    entry.payload = core::required<core::Json>(object, "payload", where);
    entry.tool = core::required<std::string>(object, "tool", where);
    entry.prev = core::required<std::string>(object, "prev", where);
    entry.hash = core::required<std::string>(object, "hash", where);
    if (computed_hash(entry) != entry.hash)
        throw core::input_error(
            where + ": its content does not have the hash it states",
            "SHA-256 " + computed_hash(entry).substr(0, 16) + "… instead of " + entry.hash.substr(0, 16) + "…",
            "the line was changed after it was written; restore the file from a copy");
    if (to_line(entry) != line)
        throw core::input_error(where + ": is not in canonical form", {},
                                "the line was rewritten by another program; restore the file from a copy");
    return entry;
}

}  // namespace scale::record
