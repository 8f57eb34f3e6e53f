#include "quality/checkpoint.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace scale::quality {

Checkpoint::Checkpoint(const std::filesystem::path& path) : name_(path.string()) {
    std::filesystem::create_directories(path.parent_path());
    const std::string text = std::filesystem::exists(path) ? core::read_file(path) : "";
    const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    for (std::size_t begin = 0; begin < whole;) {
        const std::size_t end = text.find('\n', begin);
        const core::Json line = core::parse_json(std::string_view(text).substr(begin, end - begin), name_);
        if (line.contains("sequence")) {
            done_.sequences.push_back(core::required<SequenceResult>(line, "sequence", name_));
            for (auto& worst : core::required<std::vector<WorstToken>>(line, "worst", name_))
                done_.worst.push_back(std::move(worst));
        } else {
            for (auto& item : core::required<std::vector<ItemResult>>(line, "items", name_))
                done_.items.push_back(std::move(item));
        }
        begin = end + 1;
    }
    file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file_) throw core::system_error("cannot write " + name_, errno);
    if (::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0 || ::lseek(file_.get(), 0, SEEK_END) < 0)
        throw core::system_error("cannot cut the torn end of " + name_, errno);
}

void Checkpoint::add(const SequenceResult& sequence, const std::vector<WorstToken>& worst) {
    append({{"sequence", sequence}, {"worst", worst}});
    done_.sequences.push_back(sequence);
    done_.worst.insert(done_.worst.end(), worst.begin(), worst.end());
}

void Checkpoint::add(const std::vector<ItemResult>& items) {
    append({{"items", items}});
    done_.items.insert(done_.items.end(), items.begin(), items.end());
}

void Checkpoint::append(const core::Json& line) {
    core::write_all(file_.get(), core::canonical(line) + "\n", name_);
    if (::fdatasync(file_.get()) != 0) throw core::system_error("cannot sync " + name_, errno);
}

}  // namespace scale::quality
