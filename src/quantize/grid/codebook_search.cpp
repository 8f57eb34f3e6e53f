#include "quantize/grid/codebook_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/lanes.h"

namespace scale::quantize {

namespace {

using core::lane_count;
using core::Lanes;
using core::load;

constexpr std::size_t places = octet;
using Eight = std::array<float, octet>;

// Entry of the least cost, the first of equals. `cost` gives the costs of sixteen entries from the one named on.
template <typename Cost>
SCALE_INLINE int least(int entries, const Cost& cost) {
    const Lanes zero = {};
    Lanes best = zero + std::numeric_limits<float>::max(), where = zero;
    for (int first = 0; first < entries; first += lane_count) {
        const Lanes at = zero + static_cast<float>(first);
        const Lanes costs = cost(first);
        where = costs < best ? at : where;
        best = costs < best ? costs : best;
    }
    int chosen = static_cast<int>(where[0]);
    float lowest = best[0];
    for (int lane = 1; lane < lane_count; ++lane) {
        const int entry = static_cast<int>(where[lane]) + lane;
        if (best[lane] < lowest || (best[lane] == lowest && entry < chosen)) {
            lowest = best[lane];
            chosen = entry;
        }
    }
    return chosen;
}

// Σ_j m_j (quad_j m_j − lin_j)
template <int Group>
SCALE_INLINE int least_by_diagonal(const Codebook& book, const float* quad, const float* lin) {
    const float* table = book.magnitudes.data();
    return least(
        book.entries, [&](int first) __attribute__((always_inline)) {
            Lanes sum = {};
            for (int j = 0; j < Group; ++j) {
                const Lanes m = load(table + j * book.entries + first);
                sum += m * (quad[j] * m - lin[j]);
            }
            return sum;
        });
}

// Σ_i m_i (form_ii m_i − lin_i + Σ_{j>i} form_ij m_j), off-diagonal elements doubled beforehand
template <int Group>
SCALE_INLINE int least_by_form(const Codebook& book, const float (&form)[Group][Group], const float* lin) {
    const float* table = book.magnitudes.data();
    return least(
        book.entries, [&](int first) __attribute__((always_inline)) {
            Lanes m[Group];
            for (int j = 0; j < Group; ++j) m[j] = load(table + j * book.entries + first);
            Lanes sum = {};
            for (int i = 0; i < Group; ++i) {
                Lanes row = form[i][i] * m[i] - lin[i];
                for (int j = i + 1; j < Group; ++j) row += form[i][j] * m[j];
                sum += m[i] * row;
            }
            return sum;
        });
}

// The one weight of eight whose turned sign costs least, by itself.
int cheapest_turn(const Codebook& book, const float* w, const float* h, float step) {
    int cheapest = 0;
    float least_cost = std::numeric_limits<float>::max();
    for (int j = 0; j < octet; ++j) {
        float nearest = std::numeric_limits<float>::max();
        for (const float level : book.levels) nearest = std::min(nearest, std::fabs(std::fabs(w[j]) - step * level));
        const float turned = std::fabs(w[j]) + step * book.levels.front();
        const float cost = h[j] * (turned * turned - nearest * nearest);
        if (cost < least_cost) {
            least_cost = cost;
            cheapest = j;
        }
    }
    return cheapest;
}

template <int Group>
SCALE_INLINE void put_entry(const Codebook& book, int entry, const float* signs, std::uint8_t* codes) {
    const auto negative = static_cast<int>(book.levels.size());
    const std::uint8_t* magnitudes = book.codes.data() + entry * Group;
    for (int j = 0; j < Group; ++j) codes[j] = static_cast<std::uint8_t>(magnitudes[j] + (signs[j] < 0 ? negative : 0));
}

SCALE_INLINE void nearest_inline(const Codebook& book, const float* w, const float* h, float step,
                                 std::uint8_t* codes) {
    Eight signs{}, quad{}, lin{};
    int minus = 0;
    for (std::size_t j = 0; j < places; ++j) {
        signs[j] = w[j] < 0 ? -1.0f : 1.0f;
        minus += w[j] < 0;
    }
    if (book.even_signs && minus % 2 != 0) {
        float& turned = signs[static_cast<std::size_t>(cheapest_turn(book, w, h, step))];
        turned = -turned;
    }
    for (std::size_t j = 0; j < places; ++j) {
        quad[j] = h[j] * step * step;
        lin[j] = 2 * h[j] * step * signs[j] * w[j];
    }
    if (book.group == 4) {
        for (int at = 0; at < octet; at += 4)
            put_entry<4>(book, least_by_diagonal<4>(book, quad.data() + at, lin.data() + at), signs.data() + at,
                         codes + at);
    } else {
        put_entry<8>(book, least_by_diagonal<8>(book, quad.data(), lin.data()), signs.data(), codes);
    }
}

float level_of(const Codebook& book, std::uint8_t code) {
    const std::size_t half = book.levels.size();
    return code < half ? book.levels[code] : -book.levels[code - half];
}

// Eight codes as values, with A·v kept current.
struct OctetState {
    const Codebook& book;
    const float* form;
    const float* b;
    float step;
    Eight v{};

    float element(std::size_t i, std::size_t j) const { return form[i * places + j]; }
    // Half the derivative of the form.
    float slope(std::size_t i) const {
        float sum = -b[i];
        for (std::size_t j = 0; j < places; ++j) sum += element(i, j) * v[j];
        return sum;
    }
    double cost() const {
        double sum = 0;
        for (std::size_t i = 0; i < places; ++i) {
            double row = -2.0 * static_cast<double>(b[i]);
            for (std::size_t j = 0; j < places; ++j) row += static_cast<double>(element(i, j)) * v[j];
            sum += row * v[i];
        }
        return sum;
    }
    void take(const std::uint8_t* codes) {
        for (std::size_t j = 0; j < places; ++j) v[j] = step * level_of(book, codes[j]);
    }
};

template <int Group>
SCALE_INLINE void best_entry(const OctetState& state, int at, std::uint8_t* codes) {
    float form[Group][Group], lin[Group], signs[Group];
    for (int i = 0; i < Group; ++i) signs[i] = state.v[static_cast<std::size_t>(at + i)] < 0 ? -state.step : state.step;
    for (int i = 0; i < Group; ++i) {
        const auto row = static_cast<std::size_t>(at + i);
        float rest = state.slope(row);  // without this group's own share
        for (int j = 0; j < Group; ++j)
            rest -= state.element(row, static_cast<std::size_t>(at + j)) * state.v[static_cast<std::size_t>(at + j)];
        lin[i] = -2 * signs[i] * rest;
        for (int j = 0; j < Group; ++j)
            form[i][j] =
                (i == j ? 1.0f : 2.0f) * signs[i] * signs[j] * state.element(row, static_cast<std::size_t>(at + j));
    }
    put_entry<Group>(state.book, least_by_form<Group>(state.book, form, lin), signs, codes + at);
}

void turn(const Codebook& book, std::uint8_t& code, float& value) {
    const auto half = static_cast<int>(book.levels.size());
    code = static_cast<std::uint8_t>(code < half ? code + half : code - half);
    value = -value;
}

// Turns the sign, or the two signs where their number must stay even, that lowers the form most, until none does.
void turn_signs(OctetState& state, std::uint8_t* codes) {
    for (int round = 0; round < octet; ++round) {
        Eight slope{}, gain{};
        for (std::size_t i = 0; i < places; ++i) {
            slope[i] = state.slope(i);
            // v_i → −v_i changes the form by δ(2·slope + A_ii δ), δ = −2 v_i.
            const float delta = -2 * state.v[i];
            gain[i] = delta * (2 * slope[i] + state.element(i, i) * delta);
        }
        float best = 0;
        std::size_t first = places, second = places;
        for (std::size_t i = 0; i < places; ++i) {
            if (!state.book.even_signs) {
                if (gain[i] < best) best = gain[first = i];
                continue;
            }
            for (std::size_t j = i + 1; j < places; ++j) {
                const float both = gain[i] + gain[j] + 8 * state.element(i, j) * state.v[i] * state.v[j];
                if (both >= best) continue;
                best = both;
                first = i;
                second = j;
            }
        }
        if (first == places) return;
        turn(state.book, codes[first], state.v[first]);
        if (second != places) turn(state.book, codes[second], state.v[second]);
    }
}

}  // namespace

SCALE_CLONES void nearest_octet(const Codebook& book, const float* w, const float* h, float step, std::uint8_t* codes) {
    nearest_inline(book, w, h, step, codes);
}

SCALE_CLONES OctetSums nearest_octets(const Codebook& book, const float* w, const float* h, int count, float step,
                                      std::uint8_t* codes) {
    OctetSums sums;
    for (int at = 0; at < count; at += octet) {
        nearest_inline(book, w + at, h + at, step, codes + at);
        for (int j = at; j < at + octet; ++j) {
            const double level = level_of(book, codes[j]), weighted = h[j] * level;
            sums.gg += weighted * level;
            sums.gw += weighted * static_cast<double>(w[j]);
        }
    }
    return sums;
}

SCALE_CLONES bool improve_octet(const Codebook& book, const float* form, const float* b, float step,
                                std::uint8_t* codes) {
    OctetState state{book, form, b, step, {}};
    state.take(codes);
    double cost = state.cost();
    bool changed = false;
    for (int round = 0; round < 4; ++round) {
        std::array<std::uint8_t, octet> next{};
        std::copy_n(codes, octet, next.begin());
        turn_signs(state, next.data());
        for (int at = 0; at < octet; at += book.group) {
            if (book.group == 4)
                best_entry<4>(state, at, next.data());
            else
                best_entry<8>(state, at, next.data());
            state.take(next.data());
        }
        const double lower = state.cost();
        if (std::equal(next.begin(), next.end(), codes) || !(lower < cost)) break;
        cost = lower;
        std::copy_n(next.begin(), octet, codes);
        changed = true;
    }
    return changed;
}

}  // namespace scale::quantize
