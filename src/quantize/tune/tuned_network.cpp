#include "quantize/tune/tuned_network.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace scale::quantize {

namespace {

constexpr double finest_tuned = 8;  // bits a weight; as in refinement, their error is small beside every other's

const Grid* tuned_grid(const model::TensorInfo& tensor) {
    const Grid* grid = find_grid(tensor.type->name);
    const bool tuned = grid && !grid->has_codebook() && tensor.type->bits_per_weight() < finest_tuned &&
                       tensor.shape.size() == 2 && tensor.shape[0] % static_cast<std::uint64_t>(grid->superblock) == 0;
    return tuned ? grid : nullptr;
}

bool is_plain_vector(const model::TensorInfo& tensor) {
    return tensor.type->name == "F32" && tensor.shape.size() == 1;
}

void overwrite(const core::FileDescriptor& file, std::uint64_t offset, const std::vector<std::byte>& bytes,
               const std::filesystem::path& path) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t written =
            ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw core::system_error("cannot write " + path.string(), errno);
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace

TunedNetwork::TunedNetwork(const model::GgufFile& file, Network network, bool tunes_codes)
    : network_(std::move(network)) {
    const auto info = [&](const WeightMatrix& matrix) { return file.tensor(matrix.name); };
    gradients_ = room_for_gradients(network_.weights, [&](const WeightMatrix& matrix) {
        return tuned_grid(*info(matrix)) != nullptr || is_plain_vector(*info(matrix));
    });
    std::vector<WeightMatrix*> rooms;
    for_each_matrix(gradients_, [&](WeightMatrix& room) { rooms.push_back(&room); });
    std::size_t next = 0;
    for_each_matrix(network_.weights, [&](WeightMatrix& matrix) {
        WeightMatrix* room = rooms[next++];
        if (room->empty()) return;
        if (const Grid* grid = tuned_grid(*info(matrix)))
            matrices_.push_back(
                {&matrix, room,
                 TunedMatrix(unpack_matrix(*grid, matrix.rows, matrix.columns, file.data(*info(matrix))),
                             tunes_codes)});
        else
            vectors_.push_back({&matrix, room, TunedVector(matrix)});
    });
}

void TunedNetwork::clear_gradients() {
    for_each_matrix(gradients_, [](WeightMatrix& room) { std::fill(room.values.begin(), room.values.end(), 0.0f); });
}

void TunedNetwork::step(const Adam& adam, const StepSizes& sizes, int threads) {
    for (MatrixPart& part : matrices_) {
        part.tuned.step(part.gradient->values, adam, sizes, threads);
        decode_matrix(part.tuned.stored(), part.values->values, threads);
    }
    for (VectorPart& part : vectors_) part.tuned.step(*part.gradient, adam, sizes, *part.values);
}

StoredTensors TunedNetwork::stored() const {
    StoredTensors tensors;
    for (const MatrixPart& part : matrices_) tensors[part.values->name] = pack_matrix(part.tuned.stored());
    for (const VectorPart& part : vectors_) {
        const auto bytes = std::as_bytes(std::span(part.values->values));
        tensors[part.values->name].assign(bytes.begin(), bytes.end());
    }
    return tensors;
}

void store_tensors(const std::filesystem::path& path, const StoredTensors& tensors) {
    const model::GgufFile target(path);
    const core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) throw core::system_error("cannot write " + path.string(), errno);
    for (const auto& [name, bytes] : tensors) {
        const model::TensorInfo* tensor = target.tensor(name);
        if (!tensor || tensor->bytes != bytes.size())
            throw core::input_error(path.string() + " has no tensor " + name + " of " + std::to_string(bytes.size()) +
                                    " bytes");
        overwrite(file, tensor->offset, bytes, path);
    }
    if (::fdatasync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
}

}  // namespace scale::quantize
