// The gateway process: two servers, the controller, the log, and the event loop in front.
#pragma once

#include <string>

#include "record/pass.h"

namespace scale::rollout {

struct ServeOptions {
    std::string listen;           // "" takes [rollout] listen
    std::string durability;       // "" takes [rollout] durability
    int workers = -1;             // -1 takes [rollout] workers
    std::string tls_certificate;  // "" takes [rollout] tls_certificate
    std::string tls_key;          // "" takes [rollout] tls_key
    bool original_only = false;   // no candidate server
    bool resumed = false;         // a candidate that does not start is rolled back instead of ending the start
};

// Serves until SIGTERM, SIGINT or `evaluate stop`; open streams finish first. SIGHUP reads the certificate again.
// The rollout's state is left as it is by a signal: the next start goes on from there.
void serve_rollout(const record::Pass& pass, const ServeOptions& options);

}  // namespace scale::rollout
