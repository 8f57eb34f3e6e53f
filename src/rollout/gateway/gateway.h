// The gateway: speaks the OpenAI HTTP API to clients, asks the controller for the arm of each request, logs it durably,
// and passes the bytes through to that arm's server and back as they come.
//
//   POST /v1/chat/completions, /v1/completions    to the assigned arm
//   GET  /v1/models                               the served model's name, the same for both arms
//   POST /v1/feedback                             {response_id | session_id, name, value, comment, tags, id}; answered
//                                                 once its record is on the disk and counted
//   POST /feedback, /api/public/scores            the same in TensorZero's and Langfuse's spelling
//   GET  /scale/v1/verdict, POST /scale/v1/flagger/…, /ofrep/v1/evaluate/flags/…    see handoff_endpoints.cpp
//   GET  /health, /ready, /metrics                alive; able to serve; Prometheus text
//   GET  /scale/v1/status                         Controller::status with the gateway's and the log's figures
//   POST /scale/v1/{promote,rollback,pause,resume,stop}   bearer token; body {"because": "…", "who": "…"}
//   GET  /scale/live                              the live page, which asks for the operator's key
//   GET  /scale/v1/events                         bearer token; what the page shows, as server-sent events
//
// /metrics and /scale/… answer loopback clients only, unless allowed, and only under a name of ours (host_check.h).
// Replies to clients never name the arm.
//
// What each failure does:
//   the log's queue is full          503 with Retry-After; nothing is dropped that was accepted
//   the log's disk refuses, strict   503 with Retry-After
//   …, relaxed                       requests go to the original, unlogged and without evidence
//   …, both                          /ready answers 503, status says why; logging resumes by itself, and what was
//                                    accepted before is written then
//   the candidate cannot be reached  recorded as a server error of the candidate, answered by the original
//   the original cannot be reached   502
//   a server breaks off mid-answer   an SSE error event where the answer is a stream, then the connection closes
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rollout/control/controller.h"
#include "rollout/gateway/key_ring.h"
#include "rollout/gateway/server_certificate.h"
#include "rollout/http/limits.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

enum class Durability {
    relaxed,  // answers do not wait for the disk; LogFigures count what is at risk
    // No byte of an answer goes out before the request's admission is on the disk (the server is asked meanwhile), and
    // its end (the last bytes, or the chunk that ends it) is held back until its finish is. Where the disk refuses,
    // clients get 503, or a connection that closes before the end where the answer has begun.
    strict,
};

struct GatewayOptions {
    std::string address = "127.0.0.1";    // or a name, or IPv6
    std::uint16_t port = 0;               // 0: any free one, see Gateway::port
    std::size_t workers = 0;              // event loops; 0: one for each core
    std::shared_ptr<const KeyRing> keys;  // clients must show one of them as bearer token; null asks for none
    std::shared_ptr<ServerCertificate> certificate;  // null: plain HTTP
    std::size_t handshakes = 1000;                   // of TLS under way, each event loop; more are turned away
    http::Limits limits;
    Durability durability = Durability::relaxed;
    bool log_bodies = true;                            // request text and answer text
    std::size_t logged_answer_bytes = 64 << 10;        // an answer's text is cut at this length in the log
    bool remote_admin = false;                         // /metrics and /scale/v1 for clients that are not on loopback
    std::vector<std::string> live_hosts;               // names of ours; asked for by one, page and actions serve anyone
    std::chrono::milliseconds live_time{500};          // between two updates of the page
    std::chrono::milliseconds header_time{10'000};     // for a request's head to arrive
    std::chrono::milliseconds body_time{60'000};       // for its body
    std::chrono::milliseconds idle_time{60'000};       // between requests on a connection
    std::chrono::milliseconds connect_time{5'000};     // to a server
    std::chrono::milliseconds response_time{600'000};  // until a server's first byte, and between any two
    std::chrono::milliseconds client_time{60'000};     // for a client to take any byte of an answer
    std::chrono::milliseconds drain_time{10'000};      // for open requests after stop()
    std::size_t connections = 10'000;                  // of clients, each event loop
    std::size_t shadows = 16;                          // copies for the candidate under way, all event loops together
    std::chrono::milliseconds shadow_time{120'000};    // for the candidate's answer to a copy
};

struct Fleet;

// Construct, then run() in one thread, which starts the others: one event loop for each core, and one thread for the
// controller. Both references must outlive it.
class Gateway {
  public:
    // Binds the address; throws an io error where it is taken.
    Gateway(GatewayOptions options, Controller& controller, SegmentLog& log);
    ~Gateway();

    std::uint16_t port() const { return port_; }

    // Serves until stop(), then lets open requests finish for drain_time.
    void run();

    // From any thread, and from a signal handler. reload() reads the certificate again, within a second.
    void stop() noexcept;
    void reload() noexcept;

  private:
    std::unique_ptr<Fleet> fleet_;
    std::uint16_t port_ = 0;
};

}  // namespace scale::rollout
