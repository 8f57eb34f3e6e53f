// How many descriptors this process may hold.
#pragma once

namespace scale::rollout::http {

// Raises the limit to the most that the system allows an unprivileged process; leaves it where that is refused. Every
// stream through a gateway holds two descriptors.
void raise_descriptor_limit();

}  // namespace scale::rollout::http
