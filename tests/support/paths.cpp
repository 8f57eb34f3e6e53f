#include "support/paths.h"

namespace scale::test {

std::filesystem::path source_folder() { return SCALE_SOURCE_DIR; }
std::filesystem::path scale_program() { return SCALE_BINARY; }

}  // namespace scale::test
