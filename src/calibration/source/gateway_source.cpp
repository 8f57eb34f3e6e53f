// The gateway's own log as a source of requests.
//
// An admit holds the request, the finish that names it holds the answer; both are lines of their own, perhaps in two
// segments, each plain or packed. Places are offsets into the unpacked text, so packing meanwhile changes nothing. Only
// the places of admits that have not ended are held meanwhile, at most open_limit of them. The answer counts only where
// the original gave it: what the candidate says is what a later pass is to judge.

#include <deque>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "calibration/source/traffic_source.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "record/live_log/segment_scan.h"

namespace scale::calibration {

namespace {

namespace fs = std::filesystem;
using core::Json;

constexpr std::size_t open_limit = std::size_t{1} << 20;

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json parsed_or_null(std::string_view line) {
    try {
        return core::parse_json(line, "");
    } catch (const core::Error&) {
        return {};
    }
}

std::int64_t time_of(const Json& record) {
    const auto found = record.find("time_ms");
    return found != record.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// Session before user; a key of the request's own names nobody.
std::string conversation_of(const Json& admit) {
    if (const std::string session = text_of(admit, "session"); !session.empty()) return "session:" + session;
    return text_of(admit, "key_kind") == "request" ? std::string() : "unit:" + text_of(admit, "unit");
}

ParsedLine request_of(const Json& admit) {
    const auto body = admit.find("request");
    if (body == admit.end()) return {{}, "its body was not logged"};
    ParsedLine parsed = parse_request(core::canonical(*body));
    if (const std::string conversation = conversation_of(admit); !conversation.empty())
        parsed.request.conversation = conversation;
    return parsed;
}

struct Ended {
    bool refused = false;  // the server answered 4xx: the request was wrong
    bool original_answer = false;
};

Ended ended(const Json& finish) {
    const std::string outcome = text_of(finish, "outcome");
    const std::string by = text_of(finish, "served_by");
    return {outcome == "client_error",
            outcome == "ok" && (by == "original" || by.empty()) && !text_of(finish, "answer").empty()};
}

class GatewaySource : public TrafficSource {
  public:
    GatewaySource(const fs::path& path, const TrafficWindow& window) : window_(window) {
        if (!fs::is_directory(path)) {
            open(path);
            return;
        }
        if (window.since_ms > 0 || window.newest > 0)
            open_newest(path);
        else
            for (const fs::path& segment : record::segments_of(path)) open(segment);
        if (files_.empty())
            throw core::input_error(path.string() + " holds no segments of the gateway's log",
                                    "files segment-0000000001.log and so on, or a traffic log that is a file",
                                    "name the log by [traffic] log in scale.toml, or scale assemble --log PATH");
    }

    SourceKind kind() const override { return SourceKind::gateway; }

    LogReading read(const Sink& sink, const Progress& progress) override;

    ParsedLine again(const Place& place) const override {
        ParsedLine parsed = request_of(parsed_or_null(files_.at(place.file).read(place.offset, place.length)));
        if (place.answer_length > 0)
            parsed.request.answer = text_of(
                parsed_or_null(files_.at(place.answer_file).read(place.answer_offset, place.answer_length)), "answer");
        return parsed;
    }

  private:
    struct Open {
        Place place;
        std::uint64_t order = 0;
    };
    struct Pass {
        const Sink& sink;
        std::unordered_map<std::string, Open> open;
        std::deque<std::pair<std::uint64_t, std::string>> oldest;  // by order; entries that have ended are passed over
        std::uint64_t admits = 0;
        std::uint64_t passed_over = 0;
    };

    void take(const Place& at, std::string_view line, Pass& pass) const;
    void take_finish(const Place& at, const Json& finish, Pass& pass) const;
    void hand_out(const Place& place, Pass& pass) const { pass.sink(place, again(place)); }
    // Those that never ended, and with `limit` the oldest beyond it.
    void hand_out_open(Pass& pass, std::size_t limit) const;
    LogReading reading_of(std::uint64_t admits) const;

    void open(const fs::path& segment) {
        files_.emplace_back(segment);
        paths_.push_back(segment);
    }
    void open_newest(const fs::path& folder);

    const TrafficWindow window_;
    std::uint64_t left_out_ = 0;  // admits of the window that are older than its newest
    std::deque<record::SegmentText> files_;
    std::vector<fs::path> paths_;
};

struct Inside {
    std::uint64_t admits = 0;  // within the window
    bool older = false;        // others lie before it
};

Inside count_admits(const record::SegmentText& text, const fs::path& segment, bool is_last, std::int64_t since_ms) {
    Inside inside;
    try {
        record::scan_segment(text, segment, is_last, [&](std::string_view line, std::uint64_t) {
            const Json json = parsed_or_null(line);
            if (!json.is_object() || text_of(json, "type") != "admit") return;
            if (time_of(json) >= since_ms)
                ++inside.admits;
            else
                inside.older = true;
        });
    } catch (const core::Error&) {
        // read() says so.
    }
    return inside;
}

// From the newest segment back, as far as the window reaches.
void GatewaySource::open_newest(const fs::path& folder) {
    const std::vector<fs::path> segments = record::segments_of(folder);
    std::uint64_t admits = 0;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        files_.emplace_front(*segment);
        paths_.insert(paths_.begin(), *segment);
        const Inside inside = count_admits(files_.front(), *segment, segment == segments.rbegin(), window_.since_ms);
        admits += inside.admits;
        if (inside.older || (window_.newest > 0 && admits >= window_.newest)) break;
    }
    if (window_.newest > 0 && admits > window_.newest) left_out_ = admits - window_.newest;
}

void GatewaySource::take(const Place& at, std::string_view line, Pass& pass) const {
    const Json json = parsed_or_null(line);
    if (!json.is_object()) return;
    const std::string type = text_of(json, "type");
    if (type == "finish") return take_finish(at, json, pass);
    if (type != "admit" || time_of(json) < window_.since_ms) return;
    if (pass.passed_over < left_out_) {
        ++pass.passed_over;
        return;
    }
    Place place = at;
    place.number = ++pass.admits;
    const std::string id = text_of(json, "request_id");
    pass.open[id] = {place, place.number};
    pass.oldest.emplace_back(place.number, id);
    hand_out_open(pass, open_limit);
}

void GatewaySource::take_finish(const Place& at, const Json& finish, Pass& pass) const {
    const auto found = pass.open.find(text_of(finish, "request_id"));
    if (found == pass.open.end()) return;
    Place place = found->second.place;
    pass.open.erase(found);
    const Ended end = ended(finish);
    if (end.refused) return pass.sink(place, {{}, "the server refused it (4xx)"});
    if (end.original_answer) {
        place.answer_file = at.file;
        place.answer_offset = at.offset;
        place.answer_length = at.length;
    }
    hand_out(place, pass);
}

void GatewaySource::hand_out_open(Pass& pass, std::size_t limit) const {
    while (!pass.oldest.empty() && (pass.open.size() > limit || pass.oldest.size() > 4 * open_limit)) {
        const auto [order, id] = pass.oldest.front();
        pass.oldest.pop_front();
        const auto found = pass.open.find(id);
        if (found == pass.open.end() || found->second.order != order) continue;
        const Place place = found->second.place;
        pass.open.erase(found);
        hand_out(place, pass);
    }
}

LogReading GatewaySource::read(const Sink& sink, const Progress& progress) {
    Pass pass{sink, {}, {}};
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const auto& file : files_) total += file.size();
    for (std::uint32_t number = 0; number < files_.size(); ++number) {
        Place at;
        at.file = number;
        std::uint64_t offset = 0;
        try {
            record::scan_segment(files_[number], paths_[number], number + 1 == files_.size(),
                                 [&](std::string_view line, std::uint64_t) {
                                     at.offset = offset + record::frame_width;
                                     at.length = line.size();
                                     offset = at.offset + line.size() + 1;
                                     take(at, line, pass);
                                     if (progress) progress(done + offset, total);
                                 });
        } catch (const core::Error& damage) {
            pass.sink(at, {{}, damage.found() + "; the rest of the segment is left out"});
        }
        done += files_[number].size();
    }
    hand_out_open(pass, 0);
    return reading_of(pass.admits);
}

LogReading GatewaySource::reading_of(std::uint64_t admits) const {
    core::Sha256 hash;
    for (const auto& file : files_) try {
            file.for_each_block([&](std::string_view block) { hash.update(block); });
        } catch (const core::Error&) {
            // Said already where it was read.
        }
    return {admits, hash.hex()};
}

}  // namespace

std::unique_ptr<TrafficSource> open_gateway_source(const fs::path& path, const TrafficWindow& window) {
    return std::make_unique<GatewaySource>(path, window);
}

}  // namespace scale::calibration
