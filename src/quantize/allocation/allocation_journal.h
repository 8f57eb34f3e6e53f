// What an interrupted allocation has measured: one JSON line a figure, in PATH. The first line holds the fingerprint of
// everything that the figures depend on; under another fingerprint the file starts anew. A torn last line is cut off.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/file.h"

namespace scale::quantize {

class AllocationJournal {
  public:
    AllocationJournal(std::filesystem::path path, const std::string& fingerprint);

    // The figures under that name, or nullptr.
    const std::vector<double>* find(const std::string& name) const;
    std::size_t size() const { return figures_.size(); }
    void add(const std::string& name, const std::vector<double>& figures);

  private:
    bool load(const std::string& fingerprint);

    std::filesystem::path path_;
    std::map<std::string, std::vector<double>> figures_;
    core::FileDescriptor file_;
};

}  // namespace scale::quantize
