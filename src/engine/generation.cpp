// Method. Every sequence but 0 is a slot that writes one answer; a slot that finishes takes the next prompt at once, so
// that forward passes stay full. Sequence 0 keeps the beginning that the newest prompt shares with the one after it
// (a template's system message, a long text with several questions); slots start from a copy of it, which in the
// unified cache costs no cells.
#include "engine/generation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"
#include "engine/session_implementation.h"

namespace scale::engine {

namespace {

std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) {
    const auto ends = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return static_cast<std::size_t>(ends.first - a.begin());
}

class Generator {
  public:
    Generator(Session::Implementation& session, std::span<const GenerationItem> items)
        : session_(session), items_(items), results_(items.size()) {
        for (const GenerationItem& item : items) {
            session_.check(item.prompt);
            if (item.prompt.empty()) throw core::input_error("an empty prompt cannot be continued");
            if (item.limit < 1) throw core::input_error("a limit of no tokens leaves nothing to generate");
        }
        const bool shares = session_.options.sequences > 1 && session_.can_couple;
        for (int i = shares ? 1 : 0; i < session_.options.sequences; ++i) slots_.push_back({{i}, {}, 0, {}});
        shares_ = shares;
    }

    std::vector<Generation> run(const std::function<void(std::size_t)>& progress) {
        if (!shares_) session_.clear();
        for (std::size_t reported = 0; done_ < items_.size();) {
            for (Slot& slot : slots_)
                if (!slot.item && next_ < items_.size()) admit(slot);
            for (std::size_t i = 0; i < slots_.size(); ++i)
                if (slots_[i].pending) add(*std::exchange(slots_[i].pending, {}), i);
            flush();
            if (progress && done_ > reported) progress(reported = done_);
        }
        if (!shares_) session_.clear();
        return std::move(results_);
    }

  private:
    struct Slot {
        Sequences sequence;
        std::optional<std::size_t> item;
        std::size_t position = 0;      // of the next token
        std::optional<Token> pending;  // chosen and not yet run
    };
    struct Row {
        int index;
        std::size_t slot;
    };

    void admit(Slot& slot) {
        const std::size_t index = next_++;
        const std::span<const Token> prompt = items_[index].prompt;
        slot.item = index;
        slot.position = shares_ ? share(slot, index) : 0;
        const auto place = static_cast<std::size_t>(&slot - slots_.data());
        while (slot.position < prompt.size()) {
            const bool last = slot.position + 1 == prompt.size();
            add(prompt[slot.position], place, last);
        }
    }

    // Puts what this prompt shares with sequence 0, or with the prompt after it, into the slot. Returns its length.
    std::size_t share(const Slot& slot, std::size_t index) {
        const auto prompt = std::span<const Token>(items_[index].prompt);
        const auto most = prompt.first(prompt.size() - 1);  // the last one is run for its row
        std::size_t shared = common_prefix(session_.cached, most);
        const std::size_t ahead = index + 1 < items_.size() ? common_prefix(most, items_[index + 1].prompt) : 0;
        if (ahead > shared) {
            flush();
            shared = session_.keep(shared);
            for (; shared < ahead; ++shared) {
                if (batch_.size() == session_.batch_limit()) flush();
                batch_.add(prompt[shared], static_cast<int>(shared), base_, false);
            }
            flush();
            session_.cached.assign(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(shared));
        }
        if (shared > 0) llama_memory_seq_cp(memory(), 0, slot.sequence[0], 0, static_cast<llama_pos>(shared));
        return shared;
    }

    void add(Token token, std::size_t place, bool wants_logits = true) {
        if (batch_.size() == session_.batch_limit()) flush();
        Slot& slot = slots_[place];
        if (wants_logits) rows_.push_back({static_cast<int>(batch_.size()), place});
        batch_.add(token, static_cast<int>(slot.position++), slot.sequence, wants_logits);
    }

    void flush() {
        if (batch_.size() == 0) return;
        batch_.decode(session_.context.get());
        for (const Row& row : rows_) {
            const auto logits = session_.row(row.index);
            take(slots_[row.slot], static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
        }
        rows_.clear();
        batch_.clear();
    }

    void take(Slot& slot, Token token) {
        Generation& result = results_[*slot.item];
        result.ended = session_.model.is_end_of_generation(token);
        if (!result.ended) result.tokens.push_back(token);
        const bool full = static_cast<int>(result.tokens.size()) >= items_[*slot.item].limit ||
                          slot.position >= static_cast<std::size_t>(session_.options.context);
        if (!result.ended && !full) {
            slot.pending = token;
            return;
        }
        slot.item.reset();
        llama_memory_seq_rm(memory(), slot.sequence[0], -1, -1);
        ++done_;
    }

    llama_memory_t memory() const { return llama_get_memory(session_.context.get()); }

    Session::Implementation& session_;
    std::span<const GenerationItem> items_;
    std::vector<Generation> results_;
    std::vector<Slot> slots_;
    Sequences base_ = {0};
    bool shares_ = false;
    std::size_t next_ = 0, done_ = 0;
    Batch batch_;
    std::vector<Row> rows_;
};

}  // namespace

std::vector<Generation> generate_many(Session::Implementation& session, std::span<const GenerationItem> items,
                                      const std::function<void(std::size_t)>& progress) {
    try {
        return Generator(session, items).run(progress);
    } catch (...) {
        session.clear();  // a pass that failed leaves the cache in a state that is not known
        throw;
    }
}

}  // namespace scale::engine
