#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

// The storage_worker program at work, with the read end of its standard output. RocksDB's threads
// do not survive a fork: it must be a program of its own.
struct Worker {
  Worker(const char* work, const std::string& folder) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      execl(TIDEMARK_STORAGE_WORKER, "storage_worker", work, folder.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    output = ends[0];
  }
  ~Worker() { close(output); }

  int Wait() const {
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
  }

  pid_t pid = -1;
  int output = -1;
};

// Kills a worker that appends after `milliseconds`; the newest sequence that it said was durable.
model::Sequence KillAppender(const std::string& folder, int milliseconds) {
  Worker worker("append", folder);
  model::Sequence newest = 0;
  EXPECT_EQ(read(worker.output, &newest, sizeof(newest)), ssize_t{sizeof(newest)});
  usleep(static_cast<useconds_t>(milliseconds) * 1000);
  kill(worker.pid, SIGKILL);
  for (model::Sequence at; read(worker.output, &at, sizeof(at)) == sizeof(at);) newest = at;
  EXPECT_TRUE(WIFSIGNALED(worker.Wait()));
  return newest;
}

TEST(CrashTest, WhatWasDurableSurvivesAKill) {
  tidemark::testing::TempFolder folder;
  StoreOptions options;
  options.folder = folder.File("data");
  unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::minstd_rand random(seed);
  for (int round = 0; round < 15; ++round) {
    model::Sequence durable = KillAppender(options.folder, static_cast<int>(random() % 120));
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    auto journal = (*store)->OpenJournal("shop");
    ASSERT_TRUE(journal.ok()) << journal.status();
    Bounds bounds = (*journal)->bounds();
    EXPECT_GE(bounds.newest, durable);
    EXPECT_EQ((*journal)->checkpoint().frontier.offset, (bounds.newest + 1) * 10);
    auto sequences = ReadSequences(*journal, bounds.oldest);
    ASSERT_TRUE(sequences.ok()) << sequences.status();
    EXPECT_EQ(sequences->size(), bounds.newest + 1 - bounds.oldest);
  }
}

// Sanitizers multiply memory: the bound is for plain builds.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(MemoryTest, TwoGigabytesPassThroughAHundredMebibytes) {
  tidemark::testing::TempFolder folder;
  Worker worker("fill", folder.File("data"));
  std::string printed(32, '\0');
  ASSERT_GT(read(worker.output, printed.data(), printed.size()), 0);
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_LT(std::atol(printed.c_str()), 100 << 10) << "KiB";
}
#endif

}  // namespace
}  // namespace tidemark::storage
