// Server-sent events of a streamed answer, put together from the pieces in which they come.
#pragma once

#include <string>
#include <string_view>

namespace scale::client {

class EventReader {
  public:
    // Calls `take(data)` for every whole "data:" line; other lines are passed over. The data lives as long as the call.
    template <typename Take>
    void feed(std::string_view piece, Take&& take) {
        pending_.append(piece);
        std::size_t start = 0;
        for (std::size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1) {
            std::string_view line(pending_.data() + start, end - start);
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (line.substr(0, 5) != "data:") continue;
            line.remove_prefix(5);
            if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
            take(line);
        }
        pending_.erase(0, start);
    }

  private:
    std::string pending_;  // of a line that is not whole yet
};

}  // namespace scale::client
