// The barrier protocol of the Hopper kernel on its rings, over random interleavings of every role: no deadlock, nothing
// is overwritten while it is read, every warp reads exactly the tiles it should; and planted faults are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/sm90/ring.h"
#include "tests/kernels/sm90_model.h"

namespace wean::kernels::sm90::model {
namespace {

constexpr int kQuerySlots = 2, kKeySlots = 3, kValueSlots = 2, kTileBytes = 32768, kWarps = 4;
constexpr std::int64_t kOutputMark = 1'000'000'000;

enum class Fault {
  kNone,
  kEarlyKeyRelease,
  kEarlyValueRelease,
  kOneArrivalMissing,
  kNoQueryWait,
  kNoWarpgroupSync,
  kStoreDoesNotWait,
  kUnequalTurns,
  kNoStageWait,
};

/// Where the query of the matrix instructions is: in shared memory, in use by all warps of a warpgroup until its last
/// step, or in registers, read by each warp alone when a tile starts (what the library's kernels do).
enum class Query { kShared, kRegisters };

/// Everything in shared memory, and the roles. `tiles` are their steps.
struct Block {
  Scheduler scheduler;
  std::vector<int> tiles;
  Fault fault;
  Query place;
  std::vector<Barrier> query_full, query_empty, output, key_full, key_empty, value_full, value_empty;
  std::vector<Turn> turn = {Turn(2 * kWarps), Turn(2 * kWarps)}, warpgroup = {Turn(kWarps), Turn(kWarps)};
  Slot query[kQuerySlots][2][kWarps], key[kKeySlots], value[kValueSlots];  // of a query tile: the rows of each warp
  int info[kQuerySlots] = {};
  std::vector<std::int64_t> stored;

  Block(std::uint64_t seed, std::vector<int> steps, Fault planted, Query where)
      : scheduler(seed), tiles(std::move(steps)), fault(planted), place(where) {
    const int empty = Arrivals::kEmpty;
    query_full.assign(kQuerySlots, Barrier(Arrivals::kQueryFull));
    query_empty.assign(kQuerySlots, Barrier(Arrivals::kQueryEmpty));
    output.assign(2 * kQuerySlots, Barrier(Arrivals::kOutput));
    key_full.assign(kKeySlots, Barrier(Arrivals::kFull));
    key_empty.assign(kKeySlots, Barrier(empty));
    value_full.assign(kValueSlots, Barrier(Arrivals::kFull));
    value_empty.assign(kValueSlots, Barrier(empty));
    scheduler.add(producer());
    for (int half = 0; half < 2; ++half) {
      scheduler.add(store(half));
      for (int warp = 0; warp < kWarps; ++warp) {
        scheduler.add(consumer(half, warp));
      }
    }
  }

  void copy(std::vector<Slot*> to, Barrier* full, std::int64_t mark) {
    for (Slot* slot : to) slot->begin_write();
    full->arrive(kTileBytes);
    const int boxes = 2;
    for (int box = 0; box < boxes; ++box) {
      scheduler.later([to, full, mark, box] {
        if (box == 0) {
          for (Slot* slot : to) slot->end_write(mark);
        }
        full->complete(kTileBytes / boxes);
      });
    }
  }

  std::vector<Slot*> rows(std::uint32_t slot, int half, int warp = -1) {
    std::vector<Slot*> all;
    for (int w = 0; w < kWarps; ++w) {
      if (warp < 0 || w == warp) all.push_back(&query[slot][half][w]);
    }
    return all;
  }

  Task producer() {
    Ring<kQuerySlots> q;
    Ring<kKeySlots> k;
    Ring<kValueSlots> v;
    std::int64_t mark = 0;
    bool owed = false;  // the last values of the tile before, which end at `mark`
    for (std::size_t tile = 0; tile <= tiles.size(); ++tile) {
      const int steps = tile < tiles.size() ? tiles[tile] : -1;
      if (fault != Fault::kNoQueryWait) co_await until{[&] { return query_empty[q.slot].passed(q.phase ^ 1); }};
      info[q.slot] = steps;
      if (steps > 0) {
        std::vector<Slot*> all = rows(q.slot, 0);
        for (Slot* slot : rows(q.slot, 1)) all.push_back(slot);
        copy(all, &query_full[q.slot], static_cast<std::int64_t>(tile));
      } else {
        query_full[q.slot].arrive();
      }
      q.advance();
      for (int step = 0; step < std::max(steps, 1); ++step) {
        if (step < steps) {
          if (fault != Fault::kNoStageWait) co_await until{[&] { return key_empty[k.slot].passed(k.phase ^ 1); }};
          copy({&key[k.slot]}, &key_full[k.slot], mark + step);
          k.advance();
        }
        if (step > 0 || owed) {
          co_await until{[&] { return value_empty[v.slot].passed(v.phase ^ 1); }};
          copy({&value[v.slot]}, &value_full[v.slot], mark + step - 1);
          v.advance();
        }
      }
      owed = steps > 0;
      mark += std::max(steps, 0);
    }
  }

  Task store(int half) {
    for (Ring<kQuerySlots> q;; q.advance()) {
      co_await until{[&] { return query_full[q.slot].passed(q.phase); }};
      if (info[q.slot] < 0) co_return;
      Barrier& staged = output[2 * q.slot + static_cast<std::uint32_t>(half)];
      co_await until{[&] { return staged.passed(q.phase); }};
      const std::vector<Slot*> all = rows(q.slot, half);
      const std::int64_t mark = all[0]->holds;
      bool read = false;
      for (Slot* slot : all) slot->begin_read(mark);
      if (half == 0) stored.push_back(mark - kOutputMark);
      scheduler.later([&all, &read] {
        for (Slot* slot : all) slot->end_read();
        read = true;
      });
      if (fault == Fault::kStoreDoesNotWait) query_empty[q.slot].arrive();
      co_await until{[&] { return read; }};
      if (fault != Fault::kStoreDoesNotWait) query_empty[q.slot].arrive();
    }
  }

  void release(Barrier& empty, int half, int warp) {
    if (fault == Fault::kOneArrivalMissing && half == 1 && warp == 3) return;
    empty.arrive();
  }

  Task consumer(int half, int warp) {
    Ring<kQuerySlots> q;
    Ring<kKeySlots> k;
    Ring<kValueSlots> v;
    const int other = half ^ 1;
    std::int64_t mark = 0;
    if (half == 1) turn[static_cast<std::size_t>(other)].arrive();
    for (std::int64_t tile = 0;; ++tile, q.advance()) {
      co_await until{[&] { return query_full[q.slot].passed(q.phase); }};
      const int steps = info[q.slot];
      if (steps < 0) co_return;
      std::vector<Slot*> mine = rows(q.slot, half);  // in use in each step
      if (place == Query::kRegisters) {
        mine.clear();
        if (steps > 0) query[q.slot][half][warp].begin_read(tile);
        if (steps > 0) query[q.slot][half][warp].end_read();
      }
      for (int step = 0; step < steps + (steps > 0); ++step) {
        const bool scores = step<steps, values = step> 0, turns = scores && values;
        if (scores) co_await until{[&] { return key_full[k.slot].passed(k.phase); }};
        if (values) co_await until{[&] { return value_full[v.slot].passed(v.phase); }};
        if (scores) {
          for (Slot* slot : mine) slot->begin_read(tile);
          key[k.slot].begin_read(mark + step);
        }
        if (values) value[v.slot].begin_read(mark + step - 1);
        if (scores && fault == Fault::kEarlyKeyRelease) release(key_empty[k.slot], half, warp);
        if (values && fault == Fault::kEarlyValueRelease) release(value_empty[v.slot], half, warp);
        co_await until{[] { return true; }};  // the scores are there
        if (turns && !(fault == Fault::kUnequalTurns && half == 1)) {
          Turn& my_turn = turn[static_cast<std::size_t>(half)];
          const std::uint64_t generation = my_turn.arrive();
          co_await until{[&] { return my_turn.passed(generation); }};
        }
        if (turns) turn[static_cast<std::size_t>(other)].arrive();
        // Keys may be needed again after the output: a step whose exponentials were too large.
        const bool again = turns && (mark + step + warp) % 3 == 0;
        if (scores) {
          for (Slot* slot : mine) slot->end_read();
          if (!again) free(key[k.slot], key_empty[k.slot], Fault::kEarlyKeyRelease, half, warp);
        }
        co_await until{[] { return true; }};  // the output is there
        if (values) free(value[v.slot], value_empty[v.slot], Fault::kEarlyValueRelease, half, warp);
        co_await until{[] { return true; }};
        if (again) free(key[k.slot], key_empty[k.slot], Fault::kEarlyKeyRelease, half, warp);
        if (scores) k.advance();
        if (values) v.advance();
      }
      mark += steps;
      if (place == Query::kShared && fault != Fault::kNoWarpgroupSync) {
        Turn& sync = warpgroup[static_cast<std::size_t>(half)];
        const std::uint64_t generation = sync.arrive();
        co_await until{[&] { return sync.passed(generation); }};
      }
      stage(q.slot, half, warp, tile);
      co_await until{[] { return true; }};
      output[2 * q.slot + static_cast<std::uint32_t>(half)].arrive();
      query_empty[q.slot].arrive();
    }
  }

  void stage(std::uint32_t slot, int half, int warp, std::int64_t tile) {
    Slot& mine = query[slot][half][warp];
    if (mine.readers != 0 || mine.writers != 0) violated("output is staged over query rows in use");
    mine.holds = kOutputMark + tile;
  }

  void free(Slot& slot, Barrier& empty, Fault early, int half, int warp) {
    slot.end_read();
    if (fault != early) release(empty, half, warp);
  }
};

/// What a planted fault shows, over many interleavings; empty when nothing did.
std::string simulate(const std::vector<int>& tiles, Fault fault, Query place, int seeds) {
  for (int seed = 0; seed < seeds; ++seed) {
    Block block(static_cast<std::uint64_t>(seed), tiles, fault, place);
    try {
      block.scheduler.run();
    } catch (const std::logic_error& e) {
      return "seed " + std::to_string(seed) + ": " + e.what();
    }
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < tiles.size(); ++i) all.push_back(static_cast<std::int64_t>(i));
    if (block.stored != all) return "seed " + std::to_string(seed) + ": outputs are stored out of order";
  }
  return "";
}

class Sm90Ring : public testing::TestWithParam<std::vector<int>> {};

TEST_P(Sm90Ring, NeitherHangsNorOverwrites) { EXPECT_EQ(simulate(GetParam(), Fault::kNone, Query::kShared, 300), ""); }
TEST_P(Sm90Ring, NeitherHangsNorOverwritesWithTheQueryInRegisters) {
  EXPECT_EQ(simulate(GetParam(), Fault::kNone, Query::kRegisters, 300), "");
}

INSTANTIATE_TEST_SUITE_P(Tiles, Sm90Ring,
                         testing::Values(std::vector<int>{}, std::vector<int>{0}, std::vector<int>{1},
                                         std::vector<int>{2}, std::vector<int>{3}, std::vector<int>{0, 0, 0, 0, 0},
                                         std::vector<int>{1, 1, 1, 1, 1}, std::vector<int>{2, 2, 2, 2},
                                         std::vector<int>{5, 3, 1, 0, 7, 0, 0, 1, 2, 1},
                                         std::vector<int>{13, 12, 11, 2, 1, 1, 0}, std::vector<int>{40}));

class Sm90RingFault : public testing::TestWithParam<Fault> {};

TEST_P(Sm90RingFault, IsFound) { EXPECT_NE(simulate({5, 3, 1, 4, 7, 1, 2}, GetParam(), Query::kShared, 3000), ""); }

class Sm90RegistersFault : public testing::TestWithParam<Fault> {};

TEST_P(Sm90RegistersFault, IsFound) {
  EXPECT_NE(simulate({5, 3, 1, 4, 7, 1, 2}, GetParam(), Query::kRegisters, 3000), "");
}

INSTANTIATE_TEST_SUITE_P(Planted, Sm90RingFault,
                         testing::Values(Fault::kEarlyKeyRelease, Fault::kEarlyValueRelease, Fault::kOneArrivalMissing,
                                         Fault::kNoQueryWait, Fault::kNoWarpgroupSync, Fault::kStoreDoesNotWait,
                                         Fault::kUnequalTurns, Fault::kNoStageWait));

INSTANTIATE_TEST_SUITE_P(Planted, Sm90RegistersFault,
                         testing::Values(Fault::kEarlyKeyRelease, Fault::kEarlyValueRelease, Fault::kOneArrivalMissing,
                                         Fault::kNoQueryWait, Fault::kStoreDoesNotWait, Fault::kUnequalTurns,
                                         Fault::kNoStageWait));

}  // namespace
}  // namespace wean::kernels::sm90::model
