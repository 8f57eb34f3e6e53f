// A pass: one folder with scale.toml and .scale/, carried through the five stages.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "record/lineage.h"
#include "record/meter.h"
#include "record/objects.h"
#include "record/pass_file.h"
#include "record/store.h"

namespace scale::record {

class Pass {
  public:
    // Opens the pass in `folder`; an input error where it has no scale.toml, naming `scale init`.
    explicit Pass(const std::filesystem::path& folder);

    const std::filesystem::path& folder() const { return folder_; }
    std::filesystem::path state_folder() const { return folder_ / ".scale"; }
    std::filesystem::path work_folder() const { return folder_ / ".scale" / "work"; }  // resumable intermediate files

    const PassFile& file() const { return file_; }
    Store& store() { return store_; }
    const Store& store() const { return store_; }
    Objects& objects() { return objects_; }
    const Objects& objects() const { return objects_; }

    // A path of scale.toml, relative to the pass folder.
    std::filesystem::path resolve(const std::string& path) const;

    // The GGUF file of the original that scale.toml or the record names as `path`: the file itself, or the object that
    // a Hugging Face folder was converted to. An input error where a folder has not been converted yet.
    std::filesystem::path original(const std::string& path) const;
    std::filesystem::path original() const { return original(file_.model.path); }

    // Reads the record and judges every stage (see lineage.h).
    Lineage lineage() const;

  private:
    std::filesystem::path folder_;
    PassFile file_;
    Store store_;
    Objects objects_;
};

// Held by a command that works on the pass, so that two never work at once. The second is told who holds it, since when
// and with which command. It measures what the command takes.
class WorkLock {
  public:
    WorkLock(const std::filesystem::path& pass_folder, const std::string& command);
    ~WorkLock();

    Usage took() const { return meter_->so_far(); }

  private:
    core::FileDescriptor file_;
    std::filesystem::path path_;
    std::unique_ptr<Meter> meter_;
};

}  // namespace scale::record
