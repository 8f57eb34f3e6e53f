// Errors as the OpenAI API shows them: {"error":{"message","type","param","code"}}.
#pragma once

#include <string>
#include <string_view>

namespace scale::rollout {

// `type` and `code` follow from the status where the code is not given.
std::string error_body(int status, std::string_view message, std::string_view param = {}, std::string_view code = {});

}  // namespace scale::rollout
