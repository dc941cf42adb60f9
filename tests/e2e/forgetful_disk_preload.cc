// A slow disk that forgets, for a real inventory-service: LD_PRELOAD puts it under the service.
//
// kill -9 loses nothing that was written: the page cache outlives the process. Under this library
// it loses what power loss would. What is written to a write-ahead log of RocksDB (000123.log) is
// held in the process until fdatasync or fsync. A sync lets half of it through, takes kSyncTime,
// then lets through the rest: a kill meanwhile leaves a torn tail, and callers whose answer should
// have waited have had time to get it. Closing or cutting a file lets everything through, as the
// page cache of a machine that stays up would.
//
// Only calls that RocksDB's buffered writer makes on such a file are here: open, write, ftruncate,
// fdatasync, fsync and close. Safe for concurrent use, as they are.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace {

constexpr std::chrono::milliseconds kSyncTime{10};

// The function of this name that the program would have called.
template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool IsWriteAheadLog(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.size() > 4 && name.find_first_not_of("0123456789") == name.size() - 4 &&
         name.substr(name.size() - 4) == ".log";
}

class Disk {
 public:
  // Never destroyed: the program's last threads may still write.
  static Disk& Get() {
    static Disk* const disk = new Disk;
    return *disk;
  }

  void Open(int fd) {
    const std::lock_guard lock(mutex_);
    files_[fd] = {};
  }

  // False: not ours.
  bool Hold(int fd, const void* bytes, std::size_t size) {
    const std::lock_guard lock(mutex_);
    const auto file = files_.find(fd);
    if (file == files_.end()) return false;
    file->second.held.append(static_cast<const char*>(bytes), size);
    return true;
  }

  // What was held when it was called is in the file when it returns. False: it could not be.
  bool Sync(int fd) {
    std::uint64_t until = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto file = files_.find(fd);
      if (file == files_.end()) return true;
      const std::size_t held = file->second.held.size();
      until = file->second.through + held;
      if (!LetThrough(fd, until - held / 2)) return false;
    }
    std::this_thread::sleep_for(kSyncTime);
    const std::lock_guard lock(mutex_);
    return LetThrough(fd, until);
  }

  bool LetAllThrough(int fd) {
    const std::lock_guard lock(mutex_);
    return LetThrough(fd, UINT64_MAX);
  }

  void Close(int fd) {
    const std::lock_guard lock(mutex_);
    LetThrough(fd, UINT64_MAX);
    files_.erase(fd);
  }

 private:
  struct File {
    std::string held;
    std::uint64_t through = 0;  // bytes that are in the file
  };

  // Bytes of the file up to this one, counted from its beginning. Needs the lock.
  bool LetThrough(int fd, std::uint64_t until) {
    static auto* const real = Real<ssize_t(int, const void*, std::size_t)>("write");
    const auto found = files_.find(fd);
    if (found == files_.end()) return true;
    File& file = found->second;
    while (file.through < until && !file.held.empty()) {
      const std::size_t size = std::min<std::uint64_t>(until - file.through, file.held.size());
      const ssize_t written = real(fd, file.held.data(), size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      file.held.erase(0, static_cast<std::size_t>(written));
      file.through += static_cast<std::uint64_t>(written);
    }
    return true;
  }

  std::mutex mutex_;
  std::unordered_map<int, File> files_;
};

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const real = Real<int(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  const int fd = real(path, flags, mode);
  if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY && IsWriteAheadLog(path)) Disk::Get().Open(fd);
  return fd;
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
  static auto* const real = Real<ssize_t(int, const void*, std::size_t)>("write");
  return Disk::Get().Hold(fd, bytes, size) ? static_cast<ssize_t>(size) : real(fd, bytes, size);
}

int fdatasync(int fd) {
  static auto* const real = Real<int(int)>("fdatasync");
  return Disk::Get().Sync(fd) ? real(fd) : -1;
}

int fsync(int fd) {
  static auto* const real = Real<int(int)>("fsync");
  return Disk::Get().Sync(fd) ? real(fd) : -1;
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const real = Real<int(int, off_t)>("ftruncate");
  return Disk::Get().LetAllThrough(fd) ? real(fd, size) : -1;
}

int close(int fd) {
  static auto* const real = Real<int(int)>("close");
  Disk::Get().Close(fd);
  return real(fd);
}

}  // extern "C"
