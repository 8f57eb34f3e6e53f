// Where the traffic comes from: a stream of requests that can be read again one by one.
//
//   requests  JSON lines of OpenAI-style bodies, or {"request": body, "response": body}
//   gateway   the folder of our gateway's log (record/live_log): admits joined with their ends
//   prompts   plain text: a prompt a line, or a block between blank lines where the file has blank lines
//   chats     transcripts: {"conversations": [{"from", "value"}]} as ShareGPT exports them, or {"messages": […]}, one a
//             line or as one JSON array
//
// A log grows while it is read and holds whatever clients sent. The part that was there when it was opened is read
// once, in order, hashing every byte, in memory that does not grow with it. Nothing in a log is fatal: what cannot be
// used is handed out with the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "calibration/request.h"
#include "calibration/source/place.h"

namespace scale::calibration {

enum class SourceKind { requests, gateway, prompts, chats };
std::string_view source_name(SourceKind kind);

// A part of the gateway's log, which goes on for as long as the gateway serves.
struct TrafficWindow {
    std::int64_t since_ms = 0;  // requests admitted before are left out; milliseconds since 1970
    std::size_t newest = 0;     // of the others, so many at most; 0: all
};

class TrafficSource {
  public:
    using Sink = std::function<void(const Place& place, ParsedLine parsed)>;
    using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes

    virtual ~TrafficSource() = default;
    virtual SourceKind kind() const = 0;
    virtual LogReading read(const Sink& sink, const Progress& progress) = 0;
    // An io error where the log has become shorter.
    virtual ParsedLine again(const Place& place) const = 0;
};

// `format` is "auto" or a name from above. Throws an input error where the path is missing or is not such a log.
// The window concerns the gateway's log alone.
std::unique_ptr<TrafficSource> open_source(const std::filesystem::path& path, const std::string& format,
                                           const TrafficWindow& window = {});

// The two implementations.
std::unique_ptr<TrafficSource> open_file_source(const std::filesystem::path& path, const std::string& format);
std::unique_ptr<TrafficSource> open_gateway_source(const std::filesystem::path& path, const TrafficWindow& window = {});

}  // namespace scale::calibration
