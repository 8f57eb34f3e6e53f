// Content by its hash: stored objects, the artefact, the archived original, and that the gate's texts are not those
// that calibrated the artefact.

#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "record/payload.h"
#include "record/store.h"
#include "record/verify_checks.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

// Members of a payload that name an object of the pass, by kind of entry.
const std::map<std::string, std::vector<const char*>, std::less<>>& object_members() {
    static const std::map<std::string, std::vector<const char*>, std::less<>> table = {
        {kind::decision, {"qat_plan_sha256"}},
        {kind::calibration_set, {"set_sha256", "holdout_sha256", "canary_sha256", "profile_sha256", "channels_sha256"}},
        {kind::artefact, {"statistics_sha256", "import_proof_sha256", "plan_sha256"}},
        {kind::training_mixture, {"mixture_sha256"}},
        {kind::budget, {"items_sha256"}},
        {kind::gate_started, {"items_sha256", "held_out_sha256"}},
        {kind::checkpoint_gate, {"measurements_sha256"}},
        {kind::verdict, {"measurements_sha256"}},
        {kind::archived, {"original_sha256"}},
    };
    return table;
}

bool is_incoming(const fs::path& file) {
    return file.filename().string().front() == '.';
}

// Every file below objects/ has the hash that it is named by. Returns the hashes of those that do.
std::set<std::string> sound_objects(const fs::path& folder, std::vector<Finding>& faults) {
    std::set<std::string> sound;
    if (!fs::exists(folder)) return sound;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
        if (!file.is_regular_file() || is_incoming(file.path())) continue;
        const std::string name = file.path().filename().string();
        if (core::sha256_file(file.path()) == name)
            sound.insert(name);
        else
            faults.push_back({"",
                              Outcome::failed,
                              fmt::format("object {}… has other bytes than its name says", name.substr(0, 16)),
                              {}});
    }
    return sound;
}

// Of each set: the ids and the hashes of the texts.
struct Texts {
    std::set<std::string> ids;
    std::set<std::string> hashes;
    std::size_t lines = 0;
};

Texts read_texts(const Objects& objects, const std::string& sha256) {
    Texts texts;
    const std::string bytes = objects.get(sha256);
    for (const std::string_view line : core::split_lines(bytes)) {
        const core::Json sample = core::parse_json(line, "object " + sha256.substr(0, 12));
        ++texts.lines;
        if (const auto id = sample.find("id"); id != sample.end()) texts.ids.insert(core::canonical(*id));
        for (const char* key : {"text", "messages", "prompt"})
            if (const auto text = sample.find(key); text != sample.end())
                texts.hashes.insert(core::sha256_hex(core::canonical(*text)));
    }
    return texts;
}

std::size_t shared(const std::set<std::string>& a, const std::set<std::string>& b) {
    std::size_t count = 0;
    for (const std::string& value : a) count += b.count(value);
    return count;
}

}  // namespace

std::vector<Finding> check_objects(const std::vector<Entry>& entries, const fs::path& pass_folder,
                                   const std::set<std::string>& left_out) {
    std::vector<Finding> faults, notes;
    const std::set<std::string> sound = sound_objects(pass_folder / ".scale" / "objects", faults);
    const Objects objects(pass_folder);
    for (const Entry& entry : entries) {
        const auto members = object_members().find(entry.kind);
        if (members == object_members().end()) continue;
        for (const char* member : members->second) {
            const std::string sha256 = entry.payload.value(member, "");
            if (sha256.empty() || sound.count(sha256) > 0) continue;
            if (left_out.count(sha256) > 0 && !objects.contains(sha256)) {
                notes.push_back({"objects",
                                 Outcome::note,
                                 fmt::format("entry {} ({}): {} {}… is not in the bundle and was not looked at",
                                             entry.seq, entry.kind, member, sha256.substr(0, 16)),
                                 {entry.seq}});
                continue;
            }
            const char* state = objects.contains(sha256) ? "is damaged" : "is missing";
            faults.push_back({"",
                              Outcome::failed,
                              fmt::format("entry {} ({}): its object {} {}… {}", entry.seq, entry.kind, member,
                                          sha256.substr(0, 16), state),
                              {entry.seq}});
        }
    }
    std::vector<Finding> findings =
        findings_of("objects", std::move(faults),
                    fmt::format("{} stored objects have the bytes that their names say, and none that the record "
                                "names is missing{}",
                                sound.size(), notes.empty() ? "" : " but what is noted"));
    findings.insert(findings.end(), notes.begin(), notes.end());
    return findings;
}

std::vector<Finding> check_artefacts(const std::vector<Entry>& entries, const fs::path& pass_folder,
                                     const std::set<std::string>& left_out) {
    const Entry* entry = latest(entries, kind::artefact);
    if (!entry) return {{"artefact", Outcome::ok, "none was made yet", {}}};
    // Only the newest: making one again under the same name replaces the file.
    const auto artefact = entry->payload.get<Artefact>();
    const fs::path file = pass_folder / artefact.path;
    const auto fail = [&](const std::string& what) {
        return std::vector<Finding>{{"artefact",
                                     Outcome::failed,
                                     fmt::format("entry {}: {} {}", entry->seq, artefact.path, what),
                                     {entry->seq}}};
    };
    if (!fs::is_regular_file(file) && left_out.count(artefact.sha256) > 0)
        return {{"artefact",
                 Outcome::note,
                 fmt::format("{} (SHA-256 {}…) is not in the bundle and was not looked at", artefact.path,
                             artefact.sha256.substr(0, 16)),
                 {entry->seq}}};
    if (!fs::is_regular_file(file)) return fail("is missing");
    const std::string found = core::sha256_file(file);
    if (found != artefact.sha256)
        return fail(fmt::format("has SHA-256 {}… instead of {}…", found.substr(0, 16), artefact.sha256.substr(0, 16)));
    for (const auto& [name, sha256] : artefact.checkpoint.files) {
        const fs::path part = pass_folder / artefact.checkpoint.folder / name;
        if (!fs::is_regular_file(part))
            return fail(fmt::format("decodes {}/{}, which is missing", artefact.checkpoint.folder, name));
        if (core::sha256_file(part) != sha256)
            return fail(fmt::format("decodes {}/{}, which has another SHA-256", artefact.checkpoint.folder, name));
    }
    const std::string folder = artefact.checkpoint.folder.empty()
                                   ? ""
                                   : fmt::format(", and so have the {} files of {}", artefact.checkpoint.files.size(),
                                                 artefact.checkpoint.folder);
    return {
        {"artefact",
         Outcome::ok,
         fmt::format("{} has the SHA-256 of entry {} ({}…){}", artefact.path, entry->seq, found.substr(0, 16), folder),
         {entry->seq}}};
}

std::vector<Finding> check_holdout(const std::vector<Entry>& entries, const fs::path& pass_folder) {
    const std::string check = "calibration and gate apart";
    const Objects objects(pass_folder);
    std::vector<Finding> faults;
    std::size_t compared = 0;
    for (const Entry& entry : entries) {
        if (entry.kind != kind::calibration_set) continue;
        const auto payload = entry.payload.get<CalibrationSet>();
        if (payload.holdout_sha256.empty()) continue;
        const Texts set = read_texts(objects, payload.set_sha256);
        const Texts holdout = read_texts(objects, payload.holdout_sha256);
        compared += set.lines + holdout.lines;
        const std::size_t ids = shared(set.ids, holdout.ids);
        const std::size_t texts = shared(set.hashes, holdout.hashes);
        if (ids + texts > 0)
            faults.push_back(
                {"",
                 Outcome::failed,
                 fmt::format("entry {}: {} ids and {} texts are in the calibration set and in the held-out "
                             "part that the gate scores",
                             entry.seq, ids, texts),
                 {entry.seq}});
    }
    return findings_of(check, std::move(faults),
                       fmt::format("{} samples compared by id and text: none is in both", compared));
}

}  // namespace scale::record
