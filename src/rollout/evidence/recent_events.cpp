#include "rollout/evidence/recent_events.h"

#include <algorithm>
#include <string_view>

namespace scale::rollout {

namespace {

constexpr std::size_t kept = 30;
constexpr std::size_t longest_text = 300;  // bytes

// A character cut in two is shown as a replacement character, which core::canonical puts in.
std::string shortened(std::string_view text) {
    return text.size() <= longest_text ? std::string(text) : std::string(text.substr(0, longest_text)) + "…";
}

template <typename Item>
void push(std::deque<Item>& items, Item item) {
    items.push_front(std::move(item));
    if (items.size() > kept) items.pop_back();
}

}  // namespace

void RecentEvents::feedback(const Feedback& feedback, std::optional<Arm> arm, bool counted) {
    core::Json value = feedback.value;
    if (value.is_string()) value = shortened(value.get_ref<const std::string&>());
    push(feedback_, Given{feedback.time_ms, feedback.id, shortened(feedback.name), std::move(value),
                          shortened(feedback.comment), arm, counted});
}

void RecentEvents::feedback_found(const std::string& id, Arm arm, bool counted) {
    const auto found =
        std::find_if(feedback_.begin(), feedback_.end(), [&](const Given& given) { return given.id == id; });
    if (id.empty() || found == feedback_.end()) return;
    found->arm = arm;
    found->counted = counted;
}

void RecentEvents::failure(const Admit& admit, const Finish& finish) {
    push(failures_, core::Json{{"time_ms", finish.time_ms},
                               {"request_id", admit.request_id},
                               {"arm", to_string(admit.arm)},
                               {"outcome", to_string(finish.outcome)},
                               {"status", finish.status},
                               {"upstream_status", finish.upstream_status},
                               {"error", shortened(finish.error)},
                               {"fallback", finish.served_by != admit.arm}});
}

core::Json RecentEvents::feedback_json() const {
    core::Json list = core::Json::array();
    for (const Given& given : feedback_)
        list.push_back({{"time_ms", given.time_ms},
                        {"id", given.id},
                        {"name", given.name},
                        {"value", given.value},
                        {"comment", given.comment},
                        {"arm", given.arm ? core::Json(to_string(*given.arm)) : core::Json()},
                        {"counted", given.counted}});
    return list;
}

core::Json RecentEvents::failures_json() const {
    core::Json list = core::Json::array();
    for (const core::Json& failure : failures_) list.push_back(failure);
    return list;
}

}  // namespace scale::rollout
