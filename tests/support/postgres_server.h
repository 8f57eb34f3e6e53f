// A real PostgreSQL in a temporary folder, reached by a socket there; no port is opened. It can be stopped hard,
// started again on what it kept, and held (it hangs as a machine does that swaps or lost its disk).
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "core/file.h"

namespace scale::test {

class PostgresServer {
  public:
    PostgresServer() {
        std::filesystem::permissions(folder_.path(), std::filesystem::perms(0700));
        if (const passwd* user = account()) ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid);
        if (wait(spawn({"initdb", "-D", data(), "-U", "scale", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"})) != 0)
            throw std::runtime_error("initdb failed; the package postgresql-15 brings it");
        start();
    }
    ~PostgresServer() { stop(); }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    std::string settings() const { return fmt::format("host={} dbname=postgres user=scale", folder_.path().string()); }

    void start() {
        server_ = spawn({"postgres", "-D", data(), "-k", folder_.path().string(), "-c", "listen_addresses="});
        const auto pid_file = data() + "/postmaster.pid";
        for (int i = 0; i < 2000; ++i) {
            std::ifstream lines(pid_file);
            std::string line;
            std::vector<std::string> all;
            while (std::getline(lines, line)) all.push_back(line);
            if (all.size() >= 8 && all[0] == std::to_string(server_) && all[7].starts_with("ready")) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        throw std::runtime_error("PostgreSQL did not start");
    }
    // Immediately, as a crash: what was not committed is gone.
    void stop() {
        if (server_ <= 0) return;
        hold(false);
        ::kill(server_, SIGQUIT);
        wait(server_);
        server_ = -1;
    }
    // Stops every process of the server where it stands, or lets them go on.
    void hold(bool held) {
        const int signal = held ? SIGSTOP : SIGCONT;
        ::kill(server_, signal);
        for (const pid_t child : children()) ::kill(child, signal);
    }

  private:
    // Each in a session of its own.
    std::vector<pid_t> children() const {
        std::vector<pid_t> found;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            std::ifstream file(entry.path() / "stat");
            std::string pid;
            std::string name;
            char state = 0;
            pid_t parent = 0;
            if (file >> pid >> name >> state >> parent && parent == server_) found.push_back(std::stoi(pid));
        }
        return found;
    }
    std::string data() const { return (folder_.path() / "data").string(); }
    // PostgreSQL refuses to run as root.
    static const passwd* account() {
        if (::geteuid() != 0) return nullptr;
        const passwd* user = ::getpwnam("postgres");
        return user != nullptr ? user : ::getpwnam("nobody");
    }

    pid_t spawn(std::vector<std::string> arguments) const {
        arguments[0] = "/usr/lib/postgresql/15/bin/" + arguments[0];
        const pid_t child = ::fork();
        if (child != 0) return child;
        ::setpgid(0, 0);
        if (const passwd* user = account()) {
            if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
                std::_Exit(1);
        }
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        const std::string log = (folder_.path() / "log").string();
        if (std::freopen(log.c_str(), "a", stdout) == nullptr || std::freopen(log.c_str(), "a", stderr) == nullptr)
            std::_Exit(1);
        std::vector<char*> raw;
        for (auto& argument : arguments) raw.push_back(argument.data());
        raw.push_back(nullptr);
        if (::chdir(folder_.path().c_str()) == 0) ::execv(raw[0], raw.data());
        std::_Exit(127);
    }
    static int wait(pid_t child) {
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    core::TemporaryFolder folder_{"scale-pg"};
    pid_t server_ = -1;
};

}  // namespace scale::test
