#include "quantize/allocation/allocation_journal.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

namespace scale::quantize {

namespace fs = std::filesystem;

AllocationJournal::AllocationJournal(fs::path path, const std::string& fingerprint) : path_(std::move(path)) {
    const std::string header = core::canonical({{"fingerprint", fingerprint}}) + "\n";
    if (!load(fingerprint)) {
        figures_.clear();
        core::write_file_atomic(path_, header);
    } else {  // rewritten without what the end of a process tore
        std::string text = header;
        for (const auto& [name, figures] : figures_)
            text += core::canonical({{"name", name}, {"figures", figures}}) + "\n";
        core::write_file_atomic(path_, text);
    }
    file_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file_) throw core::system_error("cannot write " + path_.string(), errno);
}

bool AllocationJournal::load(const std::string& fingerprint) {
    if (!fs::exists(path_)) return false;
    try {
        const std::string text = core::read_file(path_);
        const auto lines = core::split_lines(text);
        const std::string source = path_.string();
        if (lines.empty() ||
            core::required<std::string>(core::parse_json(lines[0], source), "fingerprint", source) != fingerprint)
            return false;
        for (std::size_t i = 1; i < lines.size(); ++i) {
            const bool torn = i + 1 == lines.size() && text.back() != '\n';
            if (torn) break;
            const core::Json line = core::parse_json(lines[i], source);
            figures_[core::required<std::string>(line, "name", source)] =
                core::required<std::vector<double>>(line, "figures", source);
        }
    } catch (const core::Error&) {  // losing a journal costs time, not correctness
        return false;
    }
    return true;
}

const std::vector<double>* AllocationJournal::find(const std::string& name) const {
    const auto found = figures_.find(name);
    return found == figures_.end() ? nullptr : &found->second;
}

void AllocationJournal::add(const std::string& name, const std::vector<double>& figures) {
    core::write_all(file_.get(), core::canonical({{"name", name}, {"figures", figures}}) + "\n", path_.string());
    figures_[name] = figures;
}

}  // namespace scale::quantize
