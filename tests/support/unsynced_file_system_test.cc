#include "tests/support/unsynced_file_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>

#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace inventory {
namespace {

class UnsyncedFileSystemTest : public testing::Test {
 protected:
  UnsyncedFileSystemTest()
      : disk_(std::make_shared<UnsyncedFileSystem>()), env_(rocksdb::NewCompositeEnv(disk_)) {}

  std::unique_ptr<rocksdb::WritableFile> Create(const std::string& name) {
    std::unique_ptr<rocksdb::WritableFile> file;
    EXPECT_TRUE(env_->NewWritableFile(name, &file, {}).ok());
    return file;
  }
  void SyncFolder(const std::string& name) {
    std::unique_ptr<rocksdb::Directory> directory;
    ASSERT_TRUE(env_->NewDirectory(name, &directory).ok());
    ASSERT_TRUE(directory->Fsync().ok());
  }
  void CrashAndRestart() {
    disk_->Crash();
    disk_->Restart(nullptr);
  }
  // "-": there is no such file.
  std::string Content(const std::string& name) {
    std::string bytes;
    return rocksdb::ReadFileToString(env_.get(), name, &bytes).ok() ? bytes : "-";
  }

  std::shared_ptr<UnsyncedFileSystem> disk_;
  std::unique_ptr<rocksdb::Env> env_;
};

TEST_F(UnsyncedFileSystemTest, KeepsSyncedBytesAndForgetsTheRest) {
  auto file = Create("/a");
  ASSERT_TRUE(file->Append("kept").ok());
  ASSERT_TRUE(file->Sync().ok());
  SyncFolder("/");
  ASSERT_TRUE(file->Append(" lost").ok());
  ASSERT_TRUE(file->Flush().ok());
  ASSERT_TRUE(file->RangeSync(0, 9).ok());
  EXPECT_EQ(Content("/a"), "kept lost");
  CrashAndRestart();
  EXPECT_EQ(Content("/a"), "kept");
}

TEST_F(UnsyncedFileSystemTest, WithLuckAPartOfTheRestSurvivesFromItsFirstByteOn) {
  std::mt19937_64 luck(1);
  std::set<std::string> seen;
  for (int round = 0; round < 100; ++round) {
    auto file = Create("/a");
    ASSERT_TRUE(file->Append("ab").ok());
    ASSERT_TRUE(file->Sync().ok());
    SyncFolder("/");
    ASSERT_TRUE(file->Append("cd").ok());
    disk_->Crash();
    disk_->Restart(&luck);
    seen.insert(Content("/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"ab", "abc", "abcd"}));
}

TEST_F(UnsyncedFileSystemTest, ForgetsANewNameUntilItsFolderIsSynced) {
  auto file = Create("/a");
  ASSERT_TRUE(file->Append("x").ok());
  ASSERT_TRUE(file->Sync().ok());
  CrashAndRestart();
  EXPECT_EQ(Content("/a"), "-");
}

TEST_F(UnsyncedFileSystemTest, UndoesRenamesAndDeletesUntilTheFolderIsSynced) {
  for (const char* name : {"/a", "/b", "/c"}) {
    auto file = Create(name);
    ASSERT_TRUE(file->Append(name).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  SyncFolder("/");
  ASSERT_TRUE(env_->RenameFile("/a", "/b").ok());
  ASSERT_TRUE(env_->DeleteFile("/c").ok());
  EXPECT_EQ(Content("/b"), "/a");
  EXPECT_EQ(Content("/c"), "-");
  CrashAndRestart();
  EXPECT_EQ(Content("/a"), "/a");
  EXPECT_EQ(Content("/b"), "/b");
  EXPECT_EQ(Content("/c"), "/c");

  ASSERT_TRUE(env_->RenameFile("/a", "/b").ok());
  SyncFolder("/");
  CrashAndRestart();
  EXPECT_EQ(Content("/a"), "-");
  EXPECT_EQ(Content("/b"), "/a");
}

TEST_F(UnsyncedFileSystemTest, WhatWasOpenedBeforeACrashFailsAfterIt) {
  auto file = Create("/a");
  ASSERT_TRUE(file->Append("x").ok());
  ASSERT_TRUE(file->Sync().ok());
  SyncFolder("/");
  std::unique_ptr<rocksdb::Directory> directory;
  ASSERT_TRUE(env_->NewDirectory("/", &directory).ok());
  disk_->Crash();
  EXPECT_TRUE(disk_->crashed());
  EXPECT_FALSE(file->Append("y").ok());
  EXPECT_FALSE(env_->FileExists("/a").ok());
  disk_->Restart(nullptr);
  EXPECT_FALSE(disk_->crashed());
  EXPECT_FALSE(file->Append("y").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(directory->Fsync().ok());
  EXPECT_EQ(Content("/a"), "x");
}

TEST_F(UnsyncedFileSystemTest, CrashesAtTheChangeItWasSetFor) {
  auto file = Create("/a");
  SyncFolder("/");
  disk_->CrashAtChange(3);
  EXPECT_TRUE(file->Append("x").ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(Content("/a"), "x") << "a read is no change";
  EXPECT_FALSE(file->Append("y").ok());
  EXPECT_TRUE(disk_->crashed());
  disk_->Restart(nullptr);
  EXPECT_EQ(Content("/a"), "x");
}

TEST_F(UnsyncedFileSystemTest, KeepsASecondUserOutUntilTheLockIsGivenBackOrTheMachineRestarts) {
  rocksdb::FileLock* lock = nullptr;
  rocksdb::FileLock* other = nullptr;
  ASSERT_TRUE(env_->LockFile("/LOCK", &lock).ok());
  EXPECT_FALSE(env_->LockFile("/LOCK", &other).ok());
  ASSERT_TRUE(env_->UnlockFile(lock).ok());
  ASSERT_TRUE(env_->LockFile("/LOCK", &lock).ok());
  CrashAndRestart();
  EXPECT_TRUE(env_->LockFile("/LOCK", &other).ok());
  EXPECT_TRUE(env_->UnlockFile(other).ok());
  EXPECT_TRUE(env_->UnlockFile(lock).ok());
}

// ---- with RocksDB on top ------------------------------------------------------------------------

class UnsyncedRocksDbTest : public UnsyncedFileSystemTest {
 protected:
  std::unique_ptr<rocksdb::DB> Open() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.env = env_.get();
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.track_and_verify_wals_in_manifest = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, "/db", &db);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return std::unique_ptr<rocksdb::DB>(db);
  }
  static void Put(rocksdb::DB& db, const std::string& key, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    ASSERT_TRUE(db.Put(options, key, std::string(100, 'v')).ok());
  }
  static bool Has(rocksdb::DB& db, const std::string& key) {
    std::string value;
    return db.Get({}, key, &value).ok();
  }
};

TEST_F(UnsyncedRocksDbTest, SyncedWritesSurviveAndUnsyncedOnesDoNot) {
  auto db = Open();
  ASSERT_TRUE(db);
  Put(*db, "kept", true);
  Put(*db, "lost", false);
  EXPECT_TRUE(Has(*db, "lost"));
  disk_->Crash();
  db.reset();
  disk_->Restart(nullptr);
  db = Open();
  ASSERT_TRUE(db);
  EXPECT_TRUE(Has(*db, "kept"));
  EXPECT_FALSE(Has(*db, "lost"));
}

TEST_F(UnsyncedRocksDbTest, FlushedTablesSurvive) {
  auto db = Open();
  ASSERT_TRUE(db);
  Put(*db, "a", false);
  ASSERT_TRUE(db->Flush({}).ok());
  disk_->Crash();
  db.reset();
  disk_->Restart(nullptr);
  db = Open();
  ASSERT_TRUE(db);
  EXPECT_TRUE(Has(*db, "a"));
}

TEST_F(UnsyncedRocksDbTest, ATornTailLeavesAPrefixOfTheUnsyncedWrites) {
  std::mt19937_64 luck(7);
  std::set<int> survivors;
  for (int round = 0; round < 20; ++round) {
    disk_ = std::make_shared<UnsyncedFileSystem>();
    env_ = rocksdb::NewCompositeEnv(disk_);
    auto db = Open();
    ASSERT_TRUE(db);
    Put(*db, "first", true);
    for (int i = 0; i < 50; ++i) Put(*db, std::to_string(i), false);
    disk_->Crash();
    db.reset();
    disk_->Restart(&luck);
    db = Open();
    ASSERT_TRUE(db);
    EXPECT_TRUE(Has(*db, "first"));
    int kept = 0;
    while (kept < 50 && Has(*db, std::to_string(kept))) ++kept;
    for (int i = kept; i < 50; ++i) EXPECT_FALSE(Has(*db, std::to_string(i)));
    survivors.insert(kept);
  }
  EXPECT_GT(survivors.size(), 5u) << "luck is not at work";
}

TEST_F(UnsyncedRocksDbTest, SurvivesACrashAtEveryChange) {
  // Opening, two synced writes and a flush, cut off at each change there is.
  for (std::uint64_t change = 1; change < 1'000; ++change) {
    disk_ = std::make_shared<UnsyncedFileSystem>();
    env_ = rocksdb::NewCompositeEnv(disk_);
    disk_->CrashAtChange(change);
    int written = 0;
    {
      rocksdb::Options options;
      options.create_if_missing = true;
      options.env = env_.get();
      rocksdb::DB* opened = nullptr;
      if (rocksdb::DB::Open(options, "/db", &opened).ok()) {
        const std::unique_ptr<rocksdb::DB> db(opened);
        rocksdb::WriteOptions synced;
        synced.sync = true;
        if (db->Put(synced, "0", "v").ok()) written = 1;
        if (written == 1 && db->Flush({}).ok() && db->Put(synced, "1", "v").ok()) written = 2;
      }
    }
    const bool ran_through = !disk_->crashed();
    disk_->Crash();
    disk_->Restart(nullptr);
    auto db = Open();
    ASSERT_TRUE(db) << "after a crash at change " << change;
    for (int i = 0; i < written; ++i) {
      EXPECT_TRUE(Has(*db, std::to_string(i))) << "lost by a crash at change " << change;
    }
    if (ran_through) return;
  }
  FAIL() << "it never ran through";
}

}  // namespace
}  // namespace inventory
