// Factors of the input second moments H = E[x xᵀ] of one linear layer, as error feedback needs them.
//
// With H damped and inverted, H⁻¹ = Uᵀ U with U upper triangular. Rounding column j by an error e costs e² / U_jj² and
// is compensated by −(e / U_jj) · U_j,k on every later column k (GPTQ, Frantar et al. 2022, arXiv 2210.17323, §3; equal
// to the LDLᵀ feedback of QuIP, Chee et al. 2023).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace scale::quantize {

// A symmetric K × K matrix, row-major.
struct Moments {
    int columns = 0;
    std::vector<float> values;
    float at(int i, int j) const {
        return values[static_cast<std::size_t>(i) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(j)];
    }
};

// The diagonal: the mean square of every column.
std::vector<float> diagonal(const Moments& moments);

// H with shrinkage towards its diagonal and a ridge:  (1 − shrinkage)·H + shrinkage·diag(H) + ridge·mean(diag H)·I.
// Columns that never fired count a tenth of the mean: nothing is known of them, and with the ridge alone the scales would
// be fitted as if they were free.
Moments regularised(const Moments& moments, double shrinkage, double ridge);

struct FeedbackFactors {
    int columns = 0;
    std::vector<float> upper;       // U, row-major, zeros below the diagonal
    std::vector<float> importance;  // 1 / U_jj²: what an error in column j costs once the later ones compensate it
};

// Throws an input error where the matrix is not positive definite (not regularised, or not finite).
FeedbackFactors factorise(const Moments& regularised);

// tr(E H Eᵀ) for rows of errors E, rows × K row-major.
double proxy_loss(const Moments& moments, std::span<const float> errors, int rows);

}  // namespace scale::quantize
