// 64 threads open, use and close at once, and share one handle; run under the tsan preset too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/schemas/masks/samples.h"
#include "wean/wean.hpp"

namespace wean {
namespace {

constexpr int kThreads = 64;
constexpr int kRounds = 1000;

template <typename Body>
void in_threads(Body body) {
  std::vector<std::thread> team;
  for (int i = 0; i < kThreads; ++i) team.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : team) thread.join();
}

/// Bits of every head of one site, added up.
std::uint64_t use(const Masks& masks, const wean_site& site) {
  std::uint64_t sum = masks.phase_of_sigma(0.5);
  for (std::uint32_t head = 0; head < 4; ++head) {
    const HeadBits bits = masks.bits(site, head);
    for (std::uint32_t i = 0; !bits.dense() && i < bits.rows * bits.words_per_row; i += 7) sum += bits.words[i];
  }
  return sum;
}

TEST(RuntimeThreads, OpenUseClose) {
  const std::string path = test::golden_path("v1.wean").string();
  const std::uint64_t expected = use(Masks(path), {1, 0, 0, 1});
  std::atomic<int> wrong = 0;
  in_threads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const Masks masks(path, {thread % 2 == 0, thread % 3 == 0});
      if (use(masks, {1, 0, 0, 1}) != expected) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(RuntimeThreads, OneHandleProvenByWhoeverComesFirst) {
  const std::string path = test::golden_path("v1.wean").string();
  const Masks proven(path);
  std::atomic<int> wrong = 0;
  for (int round = 0; round < 20; ++round) {
    const Masks shared(path, {true, round % 2 == 0});
    in_threads([&](int thread) {
      const auto number = static_cast<std::uint32_t>(thread);
      const wean_site site = {number % 2, number / 2 % 2, 0, number / 4 % 2};
      if (use(shared, site) != use(proven, site)) ++wrong;
    });
  }
  EXPECT_EQ(wrong, 0);
}

TEST(RuntimeThreads, ErrorsStayApart) {
  std::atomic<int> wrong = 0;
  in_threads([&](int thread) {
    const std::string missing = "/nonexistent/" + std::to_string(thread) + ".wean";
    for (int round = 0; round < 200; ++round) {
      wean_masks* masks = nullptr;
      const wean_status status = wean_masks_open(missing.c_str(), nullptr, &masks);
      const bool named = std::string(wean_last_error()).rfind(missing + ": ", 0) == 0;
      if (status != WEAN_ERROR_IO || !named) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace wean
