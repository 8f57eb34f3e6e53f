// Cutting a stream of bytes into pieces: lines, blocks between blank lines, or the elements of one JSON array.
//
// A cutter holds one piece at a time and never more than max_line bytes of it: a longer piece is passed over and handed
// out without its text. Bytes are looked at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "calibration/source/place.h"

namespace scale::calibration {

enum class Container { lines, blocks, array };

class Cutter {
  public:
    // A piece and its place. `too_long`: the view is empty and place.length is the whole length.
    using Sink = std::function<void(const Place& place, std::string_view piece, bool too_long)>;

    explicit Cutter(Sink sink) : sink_(std::move(sink)) {}
    virtual ~Cutter() = default;
    Cutter(const Cutter&) = delete;
    Cutter& operator=(const Cutter&) = delete;

    virtual void feed(std::string_view chunk) = 0;
    virtual void end() = 0;
    // Pieces handed out.
    std::uint64_t pieces() const { return pieces_; }
    // The most bytes of text that were held at once.
    std::size_t held_peak() const { return held_peak_; }

  protected:
    void hold(std::string_view part);
    // Ends the piece at hand, whose number is `number`; a blank one is not handed out.
    void hand_out(std::uint64_t number);
    std::uint64_t length() const { return length_; }

    std::uint64_t offset_ = 0;  // of the piece at hand

  private:
    Sink sink_;
    std::string held_;
    std::uint64_t length_ = 0;  // of the piece at hand, held or not
    std::uint64_t pieces_ = 0;
    std::size_t held_peak_ = 0;
};

std::unique_ptr<Cutter> make_cutter(Container container, Cutter::Sink sink);

}  // namespace scale::calibration
