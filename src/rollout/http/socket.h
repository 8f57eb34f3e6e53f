// A non-blocking TCP connection in a reactor: input is handed on as it comes, output is kept until the peer takes it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "core/file.h"
#include "rollout/http/reactor.h"

namespace scale::rollout::http {

class Socket : public Reactor::Handler {
  public:
    // `connecting`: connect() is under way; on_connected or on_end will tell.
    // `sees_hangup`: on_end is called for a peer that has closed its side even while reading is paused.
    Socket(Reactor& reactor, core::FileDescriptor descriptor, bool connecting, bool sees_hangup);
    ~Socket() override;

    bool is_open() const { return static_cast<bool>(descriptor_); }
    std::size_t unsent() const { return output_.size() - sent_; }

    void pause_reading(bool paused);

    void on_events(std::uint32_t events) final;

  protected:
    // Adds to the output; flush() sends what the peer takes now. One system call for all that was put.
    void put(std::string_view bytes) { output_.append(bytes); }
    void flush();

    // No more callbacks after this.
    void close();
    // Goes on with another descriptor, on which connect() is under way; what was put is sent there.
    void connect_anew(core::FileDescriptor descriptor);
    // Tells the peer that nothing more will come, and goes on reading.
    void end_output();

    virtual void on_connected() {}
    virtual void on_input(std::string_view bytes) = 0;
    // The peer closed, or the connection broke. Called at most once; the socket is still open for writing.
    virtual void on_end() = 0;
    // Some output was taken after flush() could not send everything.
    virtual void on_progress() {}

    Reactor& reactor() { return reactor_; }

  private:
    void handle_writable();
    void handle_readable();
    void end();
    void send_output();
    void update_interest();

    Reactor& reactor_;
    core::FileDescriptor descriptor_;
    std::string output_;
    std::size_t sent_ = 0;
    std::uint32_t interest_ = 0;
    bool connecting_;
    bool sees_hangup_;
    bool paused_ = false;
    bool ended_ = false;
};

}  // namespace scale::rollout::http
