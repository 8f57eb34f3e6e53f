#include "calibration/redaction/secret.h"

#include "core/secret_file.h"

namespace scale::calibration {

std::string redaction_secret(const std::filesystem::path& file) {
    return core::load_or_make_secret(file, "remove the file; pseudonyms will differ from earlier sets of this pass");
}

}  // namespace scale::calibration
