#include "quantize/refine/refine_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/refine/input_moments.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace {

// The name under which the engine reports the input of this tensor; a tied embedding is read by the head.
std::string input_name(const model::GgufFile& file, const std::string& tensor) {
    return tensor == "token_embd.weight" && !file.tensor("output.weight") ? "output.weight" : tensor;
}

struct Work {
    std::string name;
    std::string input;
    const Grid* grid = nullptr;
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;
};

std::vector<Work> refinable(const model::GgufFile& target) {
    std::vector<Work> work;
    for (const auto& tensor : target.tensors()) {
        const Grid* grid = find_grid(tensor.type->name);
        if (!grid || tensor.shape.size() != 2 || tensor.shape[0] % static_cast<std::uint64_t>(grid->superblock) != 0) continue;
        work.push_back({tensor.name, input_name(target, tensor.name), grid, tensor.shape[0], tensor.shape[1]});
    }
    return work;
}

// Consecutive tensors whose moments (two halves, and the copies made of one of them) fit the limit.
std::vector<std::vector<Work>> grouped(const std::vector<Work>& work, std::uint64_t memory_bytes) {
    std::vector<std::vector<Work>> groups;
    std::uint64_t used = 0;
    for (const Work& item : work) {
        const std::uint64_t bytes = 2 * sizeof(float) * item.columns * item.columns;
        if (groups.empty() || used + bytes > memory_bytes) {
            groups.emplace_back();
            used = 0;
        }
        groups.back().push_back(item);
        used += bytes;
    }
    return groups;
}

std::map<std::string, RefineLine> read_journal(const std::filesystem::path& path) {
    std::map<std::string, RefineLine> lines;
    if (!std::filesystem::exists(path)) return lines;
    const std::string text = core::read_file(path);
    const std::string whole = text.substr(0, text.rfind('\n') + 1);  // a torn last line is work to do again
    for (const auto line : core::split_lines(whole)) {
        const core::Json json = core::parse_json(line, path.filename().string());
        const auto name = core::required<std::string>(json, "tensor", path.string());
        lines[name] = {name, json.value("type", ""), json.value("refined", false), json.value("stock_loss", 0.0),
                       json.value("refined_loss", 0.0), {json.value("shrinkage", 0.0), json.value("ridge", 0.0)}};
    }
    if (whole.size() != text.size()) core::write_file_atomic(path, whole);
    return lines;
}

class Journal {
  public:
    explicit Journal(const std::filesystem::path& path)
        : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
        if (!file_) throw core::system_error("cannot write " + path.string(), errno);
    }
    void add(const RefineLine& line) {
        const core::Json json = {{"tensor", line.tensor}, {"type", line.type}, {"refined", line.refined}, {"stock_loss", line.stock_loss},
                                 {"refined_loss", line.refined_loss}, {"shrinkage", line.chosen.shrinkage}, {"ridge", line.chosen.ridge}};
        core::write_all(file_.get(), core::canonical(json) + "\n", path_.string());
        if (::fsync(file_.get()) != 0) throw core::system_error("cannot write " + path_.string(), errno);
    }

  private:
    std::filesystem::path path_;
    core::FileDescriptor file_;
};

void overwrite(const std::filesystem::path& path, std::uint64_t offset, std::span<const std::byte> bytes) {
    const core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) throw core::system_error("cannot write " + path.string(), errno);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t written = ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw core::system_error("cannot write " + path.string(), errno);
        done += static_cast<std::size_t>(written);
    }
    if (::fdatasync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
}

void gather(const std::filesystem::path& model_path, const std::vector<model::TokenSequence>& calibration,
            InputMomentsCollector& collector, int threads, const std::function<void(double)>& progress) {
    std::size_t longest = 1;
    for (const auto& sequence : calibration) longest = std::max(longest, sequence.tokens.size());
    const engine::Model model(model_path);
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    if (model.trained_context() > 0) options.context = std::min(options.context, model.trained_context());
    options.threads = threads;
    options.observer = &collector;
    engine::Session session(model, options);
    for (std::size_t i = 0; i < calibration.size(); ++i) {
        collector.begin_sample(static_cast<int>(i % 2));
        std::span<const engine::Token> tokens = calibration[i].tokens;
        tokens = tokens.first(std::min(tokens.size(), static_cast<std::size_t>(options.context)));
        session.logits(tokens, tokens.size(), [](std::size_t, std::span<const float>) {});
        progress(static_cast<double>(i + 1) / static_cast<double>(calibration.size()));
    }
}

std::vector<float> decoded(const model::GgufFile& file, const std::string& name) {
    const model::TensorInfo& tensor = *file.tensor(name);
    return engine::decode_rows(tensor.type->id, file.data(tensor).data(), tensor.shape[0], tensor.elements / tensor.shape[0]);
}

}  // namespace

std::vector<RefineLine> refine_file(const RefineRequest& request, const std::vector<model::TokenSequence>& calibration,
                                    const RefineProgress& progress) {
    openblas_set_num_threads(1);  // rows are split over threads instead, so that sums do not depend on their number
    std::vector<Work> work;
    {
        const model::GgufFile target(request.target);
        work = refinable(target);
    }
    std::map<std::string, RefineLine> done = read_journal(request.journal);
    Journal journal(request.journal);
    double total = 0, finished = 0;
    for (const Work& item : work) total += static_cast<double>(item.rows * item.columns);

    for (const auto& group : grouped(work, request.memory_bytes)) {
        std::set<std::string> wanted;
        for (const Work& item : group)
            if (!done.contains(item.name)) wanted.insert(item.input);
        InputMomentsCollector collector(wanted);
        if (!wanted.empty())
            gather(request.target, calibration, collector, request.options.threads,
                   [&](double share) { progress(finished, total, fmt::format("inputs of {} layers, {:.0f} %", wanted.size(), 100 * share)); });
        for (const Work& item : group) {
            finished += static_cast<double>(item.rows * item.columns);
            if (done.contains(item.name) || !collector.has(item.input)) continue;
            const model::GgufFile original(request.original), target(request.target);
            const HalvedMoments moments{collector.half(item.input, 0), collector.half(item.input, 1), collector.whole(item.input)};
            const RefinedTensor refined = refine_tensor(*item.grid, decoded(original, item.name), decoded(target, item.name),
                                                        static_cast<int>(item.rows), moments, request.options);
            if (refined.refined) overwrite(request.target, target.tensor(item.name)->offset, refined.packed);
            const RefineLine line{item.name, std::string(item.grid->type), refined.refined, refined.stock_loss, refined.refined_loss, refined.chosen};
            journal.add(line);
            done[item.name] = line;
            progress(finished, total, fmt::format("{} {}: held-out loss {:.4f} of stock", item.name, line.type,
                                                  refined.refined_loss / std::max(refined.stock_loss, 1e-30)));
        }
    }
    std::vector<RefineLine> lines;
    for (const Work& item : work)
        if (const auto found = done.find(item.name); found != done.end()) lines.push_back(found->second);
    return lines;
}

}  // namespace scale::quantize
