#include "model/huggingface/tokenizer/sentencepiece_model.h"

#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "model/byte_reader.h"

namespace scale::model {

namespace {

// Wire types of protocol buffers.
constexpr std::uint64_t varint = 0, fixed64 = 1, bytes_of_length = 2, fixed32 = 5;

struct Field {
    std::uint64_t number = 0;
    std::uint64_t wire = 0;
    std::uint64_t value = 0;              // varint and fixed
    std::span<const std::byte> contents;  // of a length
};

class Message {
  public:
    Message(std::span<const std::byte> bytes, const std::string& source) : reader_(bytes, source) {}

    bool next(Field& field) {
        if (reader_.remaining() == 0) return false;
        const std::uint64_t tag = take_varint();
        field = {tag >> 3, tag & 7, 0, {}};
        if (field.wire == varint)
            field.value = take_varint();
        else if (field.wire == fixed64)
            field.value = reader_.take<std::uint64_t>("a field");
        else if (field.wire == fixed32)
            field.value = reader_.take<std::uint32_t>("a field");
        else if (field.wire == bytes_of_length)
            field.contents = reader_.take_bytes(take_varint(), "a field");
        else
            fail(fmt::format("a field of wire type {}", field.wire));
        return true;
    }

    [[noreturn]] void fail(const std::string& found) const {
        throw core::input_error(fmt::format("{}: {} at byte {}", reader_.source(), found, reader_.offset()),
                                "a model of SentencePiece", "copy or download the file again");
    }

  private:
    std::uint64_t take_varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto part = reader_.take<std::uint8_t>("a number");
            value |= std::uint64_t{part & 0x7fu} << shift;
            if ((part & 0x80u) == 0) return value;
        }
        fail("a number of more than ten bytes");
    }

    ByteReader reader_;
};

SentencePiece read_piece(std::span<const std::byte> bytes, const std::string& source) {
    SentencePiece piece;
    Message message(bytes, source);
    for (Field field; message.next(field);) {
        if (field.number == 1 && field.wire == bytes_of_length)
            piece.text.assign(reinterpret_cast<const char*>(field.contents.data()), field.contents.size());
        if (field.number == 2 && field.wire == fixed32) {
            const auto bits = static_cast<std::uint32_t>(field.value);
            std::memcpy(&piece.score, &bits, sizeof bits);
        }
        if (field.number == 3 && field.wire == varint) piece.kind = field.value;
    }
    if (piece.kind < 1 || piece.kind > 6) message.fail(fmt::format("a piece of kind {}", piece.kind));
    return piece;
}

std::uint64_t read_algorithm(std::span<const std::byte> trainer, const std::string& source) {
    std::uint64_t algorithm = 1;
    Message message(trainer, source);
    for (Field field; message.next(field);)
        if (field.number == 3 && field.wire == varint) algorithm = field.value;
    return algorithm;
}

bool has_character_table(std::span<const std::byte> normaliser, const std::string& source) {
    bool has_table = false;
    Message message(normaliser, source);
    for (Field field; message.next(field);)
        if (field.number == 2 && field.wire == bytes_of_length) has_table = !field.contents.empty();
    return has_table;
}

}  // namespace

SentencePieceModel read_sentencepiece(std::span<const std::byte> bytes, const std::string& source) {
    SentencePieceModel model;
    Message message(bytes, source);
    for (Field field; message.next(field);) {
        if (field.wire != bytes_of_length) continue;
        if (field.number == 1) model.pieces.push_back(read_piece(field.contents, source));
        if (field.number == 2) model.algorithm = read_algorithm(field.contents, source);
        if (field.number == 3) model.rewrites_characters = has_character_table(field.contents, source);
    }
    if (model.pieces.empty()) message.fail("no pieces");
    return model;
}

}  // namespace scale::model
