// Appends entries to the pass's record away from the gateway's loop: the record verifies itself whole and syncs the
// disk at every append, which may take longer than a request may wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "record/store.h"

namespace scale::rollout {

class RecordWriter {
  public:
    explicit RecordWriter(const std::filesystem::path& pass_folder);
    ~RecordWriter();  // writes what is left, trying each entry once more
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    void add(record::NewEntry entry);  // returns at once; a failed append is tried again every second

    std::size_t pending() const;
    std::string problem() const;  // of the last append, "" where it went well
    void drain();                 // waits until nothing is pending or an append fails

  private:
    void write_loop();
    bool write_first(std::unique_lock<std::mutex>& lock);

    record::Store store_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<record::NewEntry> entries_;
    std::string problem_;
    bool stopping_ = false;
    std::thread writer_;
};

}  // namespace scale::rollout
