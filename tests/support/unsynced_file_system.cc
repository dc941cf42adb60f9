#include "tests/support/unsynced_file_system.h"

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "rocksdb/env.h"

namespace inventory {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

// A file's bytes; names refer to it.
struct File {
  std::string bytes;
  std::size_t synced = 0;  // how many, from the first on, a crash leaves
};
using FilePointer = std::shared_ptr<File>;

struct Folder {
  std::map<std::string, FilePointer> names;
  std::map<std::string, FilePointer> synced_names;  // what a crash leaves
};

// Without a slash at the end or twice in a row.
std::string Normal(const std::string& path) {
  std::string normal;
  for (const char c : path) {
    if (c == '/' && !normal.empty() && normal.back() == '/') continue;
    normal += c;
  }
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

// "/a/b" -> "/a", "b"
std::pair<std::string, std::string> Split(const std::string& path) {
  const std::string normal = Normal(path);
  const std::size_t slash = normal.rfind('/');
  if (slash == std::string::npos) return {std::string(1, '.'), normal};
  return {normal.substr(0, std::max<std::size_t>(slash, 1)), normal.substr(slash + 1)};
}

}  // namespace

// All there is: folders, locks, and whether the machine is up.
class UnsyncedDisk {
 public:
  // What a file opened now belongs to; after a restart it is another.
  std::uint64_t run() {
    MutexLock lock(mutex_);
    return run_;
  }
  bool crashed() {
    MutexLock lock(mutex_);
    return crashed_;
  }
  void Crash() {
    MutexLock lock(mutex_);
    crashed_ = true;
  }
  void CrashAtChange(std::uint64_t n) {
    MutexLock lock(mutex_);
    changes_left_ = n;
  }
  void Restart(std::mt19937_64* luck);

  // Calls `read(folders)` while the machine is up.
  template <typename F>
  IOStatus Read(F read) {
    MutexLock lock(mutex_);
    if (crashed_) return Down();
    return read(folders_);
  }
  // The same for something that changes the disk.
  template <typename F>
  IOStatus Change(F change) {
    MutexLock lock(mutex_);
    if (!Counted()) return Down();
    return change(folders_);
  }
  // For a file opened in `run`.
  template <typename F>
  IOStatus ReadFile(std::uint64_t run, F read) {
    MutexLock lock(mutex_);
    if (crashed_ || run != run_) return Down();
    return read();
  }
  template <typename F>
  IOStatus ChangeFile(std::uint64_t run, F change) {
    MutexLock lock(mutex_);
    if (run != run_ || !Counted()) return Down();
    return change();
  }

  IOStatus TakeLock(const std::string& name) {
    MutexLock lock(mutex_);
    if (crashed_) return Down();
    if (!locks_.insert(name).second) return IOStatus::IOError("lock held: " + name);
    return IOStatus::OK();
  }
  void DropLock(const std::string& name) {
    MutexLock lock(mutex_);
    locks_.erase(name);
  }

 private:
  static IOStatus Down() { return IOStatus::IOError("the machine is down"); }

  // Whether a change may go on; the one that the crash was set for may not.
  bool Counted() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (changes_left_ > 0 && --changes_left_ == 0) crashed_ = true;
    return !crashed_;
  }

  Mutex mutex_;
  std::map<std::string, Folder> folders_ ABSL_GUARDED_BY(mutex_) = {{"/", {}}};
  std::set<std::string> locks_ ABSL_GUARDED_BY(mutex_);
  bool crashed_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t run_ ABSL_GUARDED_BY(mutex_) = 1;
  std::uint64_t changes_left_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: no crash is set
};

void UnsyncedDisk::Restart(std::mt19937_64* luck) {
  MutexLock lock(mutex_);
  std::set<FilePointer> files;
  for (auto& [path, folder] : folders_) {
    const bool names_lost = !luck || (*luck)() % 2 == 0;
    if (names_lost) folder.names = folder.synced_names;
    folder.synced_names = folder.names;
    for (const auto& [name, file] : folder.names) files.insert(file);
  }
  for (const FilePointer& file : files) {
    if (luck && file->bytes.size() > file->synced) {
      file->synced += (*luck)() % (file->bytes.size() - file->synced + 1);
    }
    file->bytes.resize(file->synced);
  }
  locks_.clear();
  crashed_ = false;
  changes_left_ = 0;
  ++run_;
}

namespace {

using Folders = std::map<std::string, Folder>;

IOStatus NoSuch(const std::string& name) { return IOStatus::PathNotFound(name); }

FilePointer Find(const Folders& folders, const std::string& path) {
  const auto [parent, name] = Split(path);
  const auto folder = folders.find(parent);
  if (folder == folders.end()) return nullptr;
  const auto file = folder->second.names.find(name);
  return file == folder->second.names.end() ? nullptr : file->second;
}

// A file, and where another name of it would stand.
struct NewName {
  FilePointer file;
  std::map<std::string, FilePointer>* names = nullptr;
  std::string name;
};

IOStatus FindNewName(Folders& folders, const std::string& from, const std::string& to,
                     NewName& result) {
  result.file = Find(folders, from);
  if (!result.file) return NoSuch(from);
  const auto [parent, name] = Split(to);
  const auto folder = folders.find(parent);
  if (folder == folders.end()) return NoSuch(parent);
  result.names = &folder->second.names;
  result.name = name;
  return IOStatus::OK();
}

IOStatus ReadAt(const File& file, std::uint64_t offset, std::size_t n, Slice* result,
                char* scratch) {
  const std::size_t start = std::min<std::size_t>(offset, file.bytes.size());
  const std::size_t size = std::min(n, file.bytes.size() - start);
  std::memcpy(scratch, file.bytes.data() + start, size);
  *result = Slice(scratch, size);
  return IOStatus::OK();
}

// What every open file has.
struct Handle {
  std::shared_ptr<UnsyncedDisk> disk;
  std::uint64_t run = 0;
  FilePointer file;
};

class SequentialFile : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(Handle handle) : handle_(std::move(handle)) {}
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    return handle_.disk->ReadFile(handle_.run, [&] {
      const IOStatus status = ReadAt(*handle_.file, offset_, n, result, scratch);
      offset_ += result->size();
      return status;
    });
  }
  IOStatus Skip(std::uint64_t n) override {
    offset_ += n;
    return IOStatus::OK();
  }

 private:
  const Handle handle_;
  std::uint64_t offset_ = 0;
};

class RandomAccessFile : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(Handle handle) : handle_(std::move(handle)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return handle_.disk->ReadFile(
        handle_.run, [&] { return ReadAt(*handle_.file, offset, n, result, scratch); });
  }

 private:
  const Handle handle_;
};

class WritableFile : public rocksdb::FSWritableFile {
 public:
  explicit WritableFile(Handle handle) : handle_(std::move(handle)) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return handle_.disk->ChangeFile(handle_.run, [&] {
      handle_.file->bytes.append(data.data(), data.size());
      return IOStatus::OK();
    });
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return handle_.disk->ChangeFile(handle_.run, [&] {
      handle_.file->bytes.resize(size);
      handle_.file->synced = std::min<std::size_t>(handle_.file->synced, size);
      return IOStatus::OK();
    });
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return handle_.disk->ChangeFile(handle_.run, [&] {
      handle_.file->synced = handle_.file->bytes.size();
      return IOStatus::OK();
    });
  }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    std::uint64_t size = 0;
    handle_.disk
        ->ReadFile(handle_.run,
                   [&] {
                     size = handle_.file->bytes.size();
                     return IOStatus::OK();
                   })
        .PermitUncheckedError();
    return size;
  }

 private:
  const Handle handle_;
};

class Directory : public rocksdb::FSDirectory {
 public:
  Directory(std::shared_ptr<UnsyncedDisk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)), run_(disk_->run()) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (disk_->run() != run_) return IOStatus::IOError("the machine has been restarted");
    return disk_->Change([&](Folders& folders) {
      const auto folder = folders.find(path_);
      if (folder == folders.end()) return NoSuch(path_);
      folder->second.synced_names = folder->second.names;
      return IOStatus::OK();
    });
  }

 private:
  const std::shared_ptr<UnsyncedDisk> disk_;
  const std::string path_;
  const std::uint64_t run_;
};

// RocksDB's own log, of no use here.
class NoLog : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

struct Lock : public rocksdb::FileLock {
  explicit Lock(std::string locked) : name(std::move(locked)) {}
  const std::string name;
};

}  // namespace

UnsyncedFileSystem::UnsyncedFileSystem() : disk_(std::make_shared<UnsyncedDisk>()) {}
UnsyncedFileSystem::~UnsyncedFileSystem() = default;

void UnsyncedFileSystem::Crash() { disk_->Crash(); }
void UnsyncedFileSystem::CrashAtChange(std::uint64_t n) { disk_->CrashAtChange(n); }
bool UnsyncedFileSystem::crashed() const { return disk_->crashed(); }
void UnsyncedFileSystem::Restart(std::mt19937_64* luck) { disk_->Restart(luck); }

IOStatus UnsyncedFileSystem::NewSequentialFile(const std::string& name, const FileOptions&,
                                               std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                               IODebugContext*) {
  Handle handle{disk_, disk_->run(), nullptr};
  return disk_->Read([&](Folders& folders) {
    handle.file = Find(folders, name);
    if (!handle.file) return NoSuch(name);
    *result = std::make_unique<SequentialFile>(std::move(handle));
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::NewRandomAccessFile(
    const std::string& name, const FileOptions&,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) {
  Handle handle{disk_, disk_->run(), nullptr};
  return disk_->Read([&](Folders& folders) {
    handle.file = Find(folders, name);
    if (!handle.file) return NoSuch(name);
    *result = std::make_unique<RandomAccessFile>(std::move(handle));
    return IOStatus::OK();
  });
}

// An existing file is replaced; should the new name be lost, the old file is there again.
IOStatus UnsyncedFileSystem::NewWritableFile(const std::string& name, const FileOptions&,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                                             IODebugContext*) {
  Handle handle{disk_, disk_->run(), std::make_shared<File>()};
  return disk_->Change([&](Folders& folders) {
    const auto [parent, base] = Split(name);
    const auto folder = folders.find(parent);
    if (folder == folders.end()) return NoSuch(parent);
    folder->second.names[base] = handle.file;
    *result = std::make_unique<WritableFile>(std::move(handle));
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::ReopenWritableFile(const std::string& name, const FileOptions&,
                                                std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                IODebugContext*) {
  Handle handle{disk_, disk_->run(), nullptr};
  return disk_->Change([&](Folders& folders) {
    const auto [parent, base] = Split(name);
    const auto folder = folders.find(parent);
    if (folder == folders.end()) return NoSuch(parent);
    FilePointer& file = folder->second.names[base];
    if (!file) file = std::make_shared<File>();
    handle.file = file;
    *result = std::make_unique<WritableFile>(std::move(handle));
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::NewDirectory(const std::string& name, const IOOptions&,
                                          std::unique_ptr<rocksdb::FSDirectory>* result,
                                          IODebugContext*) {
  const std::string path = Normal(name);
  auto directory = std::make_unique<Directory>(disk_, path);
  return disk_->Read([&](Folders& folders) {
    if (folders.count(path) == 0) return NoSuch(path);
    *result = std::move(directory);
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::FileExists(const std::string& name, const IOOptions&,
                                        IODebugContext*) {
  return disk_->Read([&](Folders& folders) {
    const bool exists = folders.count(Normal(name)) > 0 || Find(folders, name);
    return exists ? IOStatus::OK() : IOStatus::NotFound(name);
  });
}

IOStatus UnsyncedFileSystem::GetChildren(const std::string& folder, const IOOptions&,
                                         std::vector<std::string>* result, IODebugContext*) {
  return disk_->Read([&](Folders& folders) {
    const std::string path = Normal(folder);
    const auto found = folders.find(path);
    if (found == folders.end()) return NoSuch(path);
    result->clear();
    for (const auto& [name, file] : found->second.names) result->push_back(name);
    for (const auto& [other, unused] : folders) {
      const auto [parent, name] = Split(other);
      if (parent == path && other != "/") result->push_back(name);
    }
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::DeleteFile(const std::string& name, const IOOptions&,
                                        IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    if (!Find(folders, name)) return NoSuch(name);
    const auto [parent, base] = Split(name);
    folders[parent].names.erase(base);
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::CreateDir(const std::string& name, const IOOptions&, IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    if (folders.count(Split(name).first) == 0) return NoSuch(Split(name).first);
    if (!folders.emplace(Normal(name), Folder{}).second) {
      return IOStatus::IOError("exists: " + name);
    }
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::CreateDirIfMissing(const std::string& name, const IOOptions&,
                                                IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    if (folders.count(Split(name).first) == 0) return NoSuch(Split(name).first);
    folders.emplace(Normal(name), Folder{});
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::DeleteDir(const std::string& name, const IOOptions&, IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    const auto folder = folders.find(Normal(name));
    if (folder == folders.end()) return NoSuch(name);
    if (!folder->second.names.empty()) return IOStatus::IOError("not empty: " + name);
    folders.erase(folder);
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::GetFileSize(const std::string& name, const IOOptions&,
                                         std::uint64_t* size, IODebugContext*) {
  return disk_->Read([&](Folders& folders) {
    const FilePointer file = Find(folders, name);
    if (!file) return NoSuch(name);
    *size = file->bytes.size();
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::GetFileModificationTime(const std::string& name, const IOOptions&,
                                                     std::uint64_t* time, IODebugContext*) {
  *time = 0;  // nobody here goes by it
  return disk_->Read(
      [&](Folders& folders) { return Find(folders, name) ? IOStatus::OK() : NoSuch(name); });
}

IOStatus UnsyncedFileSystem::RenameFile(const std::string& from, const std::string& to,
                                        const IOOptions&, IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    NewName place;
    if (IOStatus status = FindNewName(folders, from, to, place); !status.ok()) return status;
    const auto [from_folder, from_name] = Split(from);
    folders[from_folder].names.erase(from_name);
    (*place.names)[place.name] = place.file;
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::LinkFile(const std::string& from, const std::string& to,
                                      const IOOptions&, IODebugContext*) {
  return disk_->Change([&](Folders& folders) {
    NewName place;
    if (IOStatus status = FindNewName(folders, from, to, place); !status.ok()) return status;
    if (!place.names->emplace(place.name, place.file).second) {
      return IOStatus::IOError("exists: " + to);
    }
    return IOStatus::OK();
  });
}

IOStatus UnsyncedFileSystem::LockFile(const std::string& name, const IOOptions&,
                                      rocksdb::FileLock** lock, IODebugContext*) {
  const IOStatus status = disk_->TakeLock(Normal(name));
  if (status.ok()) *lock = new Lock(Normal(name));
  return status;
}

IOStatus UnsyncedFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&,
                                        IODebugContext*) {
  const std::unique_ptr<Lock> ours(static_cast<Lock*>(lock));
  disk_->DropLock(ours->name);
  return IOStatus::OK();
}

IOStatus UnsyncedFileSystem::GetTestDirectory(const IOOptions&, std::string* path,
                                              IODebugContext*) {
  path->assign(1, '/');
  return IOStatus::OK();
}

IOStatus UnsyncedFileSystem::NewLogger(const std::string&, const IOOptions&,
                                       std::shared_ptr<rocksdb::Logger>* result, IODebugContext*) {
  *result = std::make_shared<NoLog>();
  return IOStatus::OK();
}

IOStatus UnsyncedFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&,
                                             std::string* result, IODebugContext*) {
  *result = Normal(path);
  return IOStatus::OK();
}

IOStatus UnsyncedFileSystem::IsDirectory(const std::string& path, const IOOptions&,
                                         bool* is_directory, IODebugContext*) {
  return disk_->Read([&](Folders& folders) {
    *is_directory = folders.count(Normal(path)) > 0;
    return *is_directory || Find(folders, path) ? IOStatus::OK() : IOStatus::NotFound(path);
  });
}

}  // namespace inventory
