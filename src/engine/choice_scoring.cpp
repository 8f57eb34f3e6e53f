// Method. The cache is unified: a cell may belong to several sequences. Items that fit one forward pass together form a
// pack. The beginning that all prompts of a pack share is written into sequence 0 and into every sequence of the pack,
// the rest of each prompt into the item's own sequences, one for each continuation. So every token runs once, and a
// pack usually is one call of the engine. Sequence 0 outlives the pack: the next one keeps the prefix that it shares.
//
// The row of the prompt's last token gives the first token of every continuation; a continuation's last token is
// never run, since nothing is asked after it.
#include "engine/choice_scoring.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <string>

#include "core/error.h"
#include "engine/logit_rows.h"
#include "engine/session_implementation.h"

namespace scale::engine {

namespace {

std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) {
    const std::size_t limit = std::min(a.size(), b.size());
    std::size_t length = 0;
    while (length < limit && a[length] == b[length]) ++length;
    return length;
}

// Part of an item that fits the session's sequences: its prompt and some of its continuations.
struct Unit {
    std::size_t item = 0;
    std::span<const Token> prompt;
    std::vector<std::size_t> continuations;  // those scored from the prompt's last row at least
    std::size_t sequences = 0;               // continuations of two tokens and more
    std::size_t continuation_tokens = 0;     // that have to be run
};

class Scorer {
  public:
    Scorer(Session::Implementation& session, std::span<const ChoiceItem> items)
        : session_(session), items_(items), results_(items.size()) {
        for (std::size_t i = 0; i < items.size(); ++i) prepare(i);
    }

    std::vector<ChoiceScores> run(const std::function<void(std::size_t)>& progress) {
        for (std::size_t first = 0; first < units_.size();) {
            const std::size_t count = pack_size(first);
            run_pack({units_.data() + first, count});
            first += count;
            if (progress) progress(first < units_.size() ? units_[first].item : items_.size());
        }
        return std::move(results_);
    }

  private:
    struct Wanted {
        std::size_t item, continuation, token;
    };

    std::size_t spare_sequences() const { return static_cast<std::size_t>(session_.options.sequences) - 1; }

    void prepare(std::size_t index) {
        const ChoiceItem& item = items_[index];
        if (item.prompt.empty()) throw core::input_error("a prompt without tokens cannot be scored");
        session_.check(item.prompt);
        const std::size_t most = std::max<std::size_t>(spare_sequences(), 1);
        Unit unit{index, item.prompt, {}, 0, 0};
        results_[index].resize(item.continuations.size());
        for (std::size_t c = 0; c < item.continuations.size(); ++c) {
            const auto& continuation = item.continuations[c];
            session_.check(continuation);
            if (item.prompt.size() + continuation.size() > static_cast<std::size_t>(session_.options.context))
                throw core::input_error("a prompt of " + std::to_string(item.prompt.size()) +
                                        " tokens and a continuation of " + std::to_string(continuation.size()) +
                                        " do not fit the context of " + std::to_string(session_.options.context));
            results_[index][c].assign(continuation.size(), std::numeric_limits<double>::quiet_NaN());
            if (continuation.empty()) continue;
            if (continuation.size() > 1 && unit.sequences == most) {
                units_.push_back(unit);
                unit = Unit{index, item.prompt, {}, 0, 0};
            }
            unit.continuations.push_back(c);
            unit.continuation_tokens += continuation.size() - 1;
            unit.sequences += continuation.size() > 1 ? 1 : 0;
        }
        if (!unit.continuations.empty()) units_.push_back(std::move(unit));
    }

    // How many units from `first` on go into one pass: at least one.
    std::size_t pack_size(std::size_t first) const {
        if (!session_.can_couple || spare_sequences() < 2) return 1;
        std::size_t shared = units_[first].prompt.size();
        std::size_t prompts = 0, continuations = 0, sequences = 0;
        for (std::size_t count = 0; first + count < units_.size(); ++count) {
            const Unit& unit = units_[first + count];
            shared = std::min(shared, common_prefix(units_[first].prompt, unit.prompt));
            prompts += unit.prompt.size();
            continuations += unit.continuation_tokens;
            sequences += std::max<std::size_t>(unit.sequences, 1);
            const std::size_t tokens = prompts - count * shared + continuations;
            if (count > 0 && (tokens > session_.batch_limit() || sequences > spare_sequences())) return count;
        }
        return units_.size() - first;
    }

    void run_pack(std::span<const Unit> pack) {
        const std::size_t shared = shared_prefix(pack);
        const std::size_t kept = session_.keep(std::min(common_prefix(session_.cached, pack[0].prompt.first(shared)),
                                                        pack.size() == 1 ? shared - 1 : shared));
        assign_sequences(pack);
        if (session_.can_couple) copy_prefix(kept);
        for (std::size_t i = kept; i < shared; ++i) {
            const bool last = i + 1 == pack[0].prompt.size();
            add(pack[0].prompt[i], i, session_.can_couple ? everyone_ : base_,
                last ? first_tokens(pack[0]) : std::vector<Wanted>{});
        }
        session_.cached.assign(pack[0].prompt.begin(), pack[0].prompt.begin() + static_cast<std::ptrdiff_t>(shared));
        if (!session_.can_couple) {
            flush();
            copy_prefix(shared);
        }
        for (std::size_t u = 0; u < pack.size(); ++u) add_unit(pack[u], shared, u);
        flush();
        release(shared);
    }

    // Every unit of a pack of several keeps a last prompt token of its own, for its row.
    static std::size_t shared_prefix(std::span<const Unit> pack) {
        std::size_t shared = pack[0].prompt.size();
        if (pack.size() == 1) return shared;
        for (const Unit& unit : pack) {
            shared = std::min(shared, common_prefix(pack[0].prompt, unit.prompt));
            shared = std::min(shared, unit.prompt.size() - 1);
        }
        return shared;
    }

    void assign_sequences(std::span<const Unit> pack) {
        everyone_ = {0};
        own_.assign(pack.size(), {});
        if (spare_sequences() == 0) {
            own_[0] = {0};
            return;
        }
        llama_seq_id next = 1;
        for (std::size_t u = 0; u < pack.size(); ++u) {
            const std::size_t needed = std::max<std::size_t>(pack[u].sequences, pack.size() > 1 ? 1 : 0);
            for (std::size_t s = 0; s < needed; ++s) {
                everyone_.push_back(next);
                own_[u].push_back(next++);
            }
        }
    }

    void copy_prefix(std::size_t length) {
        if (length == 0) return;
        for (const llama_seq_id sequence : everyone_)
            if (sequence != 0) llama_memory_seq_cp(memory(), 0, sequence, 0, static_cast<llama_pos>(length));
    }

    void add_unit(const Unit& unit, std::size_t shared, std::size_t index) {
        for (std::size_t i = shared; i < unit.prompt.size(); ++i)
            add(unit.prompt[i], i, own_[index],
                i + 1 == unit.prompt.size() ? first_tokens(unit) : std::vector<Wanted>{});
        std::size_t next = 0;
        for (const std::size_t c : unit.continuations) {
            const auto& continuation = items_[unit.item].continuations[c];
            if (continuation.size() < 2) continue;
            singles_.push_back({own_[index][next++]});
            for (std::size_t t = 0; t + 1 < continuation.size(); ++t)
                add(continuation[t], unit.prompt.size() + t, singles_.back(), {{unit.item, c, t + 1}});
        }
    }

    std::vector<Wanted> first_tokens(const Unit& unit) const {
        std::vector<Wanted> wanted;
        for (const std::size_t c : unit.continuations) wanted.push_back({unit.item, c, 0});
        return wanted;
    }

    void add(Token token, std::size_t position, Sequences& sequences, std::vector<Wanted> wanted) {
        if (batch_.size() == session_.batch_limit()) flush();
        const bool wants_logits = !wanted.empty();
        if (wants_logits) rows_.push_back({static_cast<int>(batch_.size()), std::move(wanted)});
        batch_.add(token, static_cast<int>(position), sequences, wants_logits);
    }

    void flush() {
        if (batch_.size() == 0) return;
        batch_.decode(session_.context.get());
        for (const Row& row : rows_) {
            const auto logits = session_.row(row.index);
            const double normaliser = log_normaliser(logits);
            for (const Wanted& at : row.wanted) {
                const Token token = items_[at.item].continuations[at.continuation][at.token];
                results_[at.item][at.continuation][at.token] =
                    static_cast<double>(logits[static_cast<std::size_t>(token)]) - normaliser;
            }
        }
        rows_.clear();
        batch_.clear();
    }

    void release(std::size_t shared) {
        for (const llama_seq_id sequence : everyone_)
            if (sequence != 0) llama_memory_seq_rm(memory(), sequence, -1, -1);
        if (spare_sequences() == 0 && !llama_memory_seq_rm(memory(), 0, static_cast<llama_pos>(shared), -1))
            session_.clear();
        singles_.clear();
    }

    llama_memory_t memory() const { return llama_get_memory(session_.context.get()); }

    struct Row {
        int index;
        std::vector<Wanted> wanted;
    };

    Session::Implementation& session_;
    std::span<const ChoiceItem> items_;
    std::vector<ChoiceScores> results_;
    std::vector<Unit> units_;
    Batch batch_;
    std::vector<Row> rows_;
    Sequences base_ = {0};
    Sequences everyone_;
    std::vector<Sequences> own_;
    std::deque<Sequences> singles_;
};

}  // namespace

std::vector<ChoiceScores> score_choices(Session::Implementation& session, std::span<const ChoiceItem> items,
                                        const std::function<void(std::size_t)>& progress) {
    try {
        return Scorer(session, items).run(progress);
    } catch (...) {
        session.clear();  // a pass that failed leaves the cache in a state that is not known
        throw;
    }
}

}  // namespace scale::engine
