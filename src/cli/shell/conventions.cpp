#include "cli/shell/manual.h"

namespace scale::cli {

const std::vector<NamedText>& exit_statuses() {
    static const std::vector<NamedText> list{
        {"0", "done, or PASS"},
        {"1", "error: bad input, I/O, a worker that crashed"},
        {"2", "wrong usage"},
        {"3", "FAIL: the gate, or harm in production"},
        {"4", "INCONCLUSIVE"},
        {"5", "refused by the framework: order, missing budget, slower kernel, missing QAT plan"},
        {"130", "interrupted by Ctrl-C (143 by SIGTERM); the same command goes on from what was finished"},
    };
    return list;
}

const std::vector<NamedText>& environment_variables() {
    static const std::vector<NamedText> list{
        {"NO_COLOR", "set to anything, it keeps colours from the terminal"},
        {"TERM", "\"dumb\" does the same"},
    };
    return list;
}

const std::vector<NamedText>& files_of_a_pass() {
    static const std::vector<NamedText> list{
        {"scale.toml", "what is wanted; scale init writes a commented one"},
        {".scale/record.jsonl", "what happened: one entry a line, each with the hash of the one before"},
        {".scale/objects/", "calibration sets, statistics, measurements and the archived original, by SHA-256"},
        {".scale/work/", "intermediate files that an interrupted command goes on from"},
        {".scale/rollout/log/", "the gateway's log"},
    };
    return list;
}

}  // namespace scale::cli
