// A model of what the Hopper kernel's roles do with barriers and buffers, for a scheduler that interleaves them at
// random: mbarriers with phases and bytes, copies that end at any time, buffers that know what they hold and who reads.
#pragma once
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace wean::kernels::sm90::model {

[[noreturn]] inline void violated(const std::string& what) { throw std::logic_error(what); }

/// An mbarrier: a phase ends when its arrivals and its announced bytes have all come.
class Barrier {
 public:
  explicit Barrier(int arrivals) : arrivals_(arrivals), pending_(arrivals) {}
  void arrive(int bytes = 0) {
    if (pending_ == 0) violated("more arrivals than a phase has");
    bytes_ += bytes;
    --pending_;
    settle();
  }
  void complete(int bytes) {
    bytes_ -= bytes;
    settle();
  }
  /// Whether the phase of this parity has ended, as mbarrier.try_wait.parity sees it.
  bool passed(std::uint32_t parity) const { return (phase_ & 1) != parity; }

 private:
  void settle() {
    if (pending_ != 0 || bytes_ != 0) return;
    ++phase_;
    pending_ = arrivals_;
  }
  int arrivals_, pending_, bytes_ = 0;
  std::uint32_t phase_ = 0;
};

/// bar.sync and bar.arrive of `count` warps.
class Turn {
 public:
  explicit Turn(int count) : count_(count) {}
  std::uint64_t arrive() {
    const std::uint64_t generation = arrived_ / static_cast<std::uint64_t>(count_);
    ++arrived_;
    return generation;
  }
  bool passed(std::uint64_t generation) const { return arrived_ / static_cast<std::uint64_t>(count_) > generation; }

 private:
  int count_;
  std::uint64_t arrived_ = 0;
};

/// Shared memory of a tile: what was last written, and how many asynchronous readers there are.
struct Slot {
  std::int64_t holds = -1;
  int readers = 0, writers = 0;
  void begin_read(std::int64_t expected) {
    if (writers != 0) violated("read while it is written");
    if (holds != expected)
      violated("holds " + std::to_string(holds) + " where " + std::to_string(expected) + " is read");
    ++readers;
  }
  void end_read() { --readers; }
  void begin_write() {
    if (readers != 0 || writers != 0) violated("written while it is used");
    ++writers;
  }
  void end_write(std::int64_t value) {
    if (readers != 0) violated("written while it is read");
    --writers;
    holds = value;
  }
};

/// A role: suspends wherever the scheduler may run another one.
struct Task {
  struct promise_type {
    std::function<bool()> ready = [] { return true; };
    std::exception_ptr error;
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
};

/// co_await until(condition): goes on some time after it came true.
struct until {
  std::function<bool()> condition;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<Task::promise_type> handle) {
    handle.promise().ready = std::move(condition);
  }
  void await_resume() const noexcept {}
};

class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed) : random_(seed) {}
  ~Scheduler() {
    for (const Task& task : tasks_) task.handle.destroy();
  }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void add(Task task) { tasks_.push_back(task); }
  /// Something the copy engine will do at any later time.
  void later(std::function<void()> event) { events_.push_back(std::move(event)); }

  /// Until every role has ended; throws std::logic_error for a deadlock or whatever a role found.
  void run() {
    for (;;) {
      std::vector<std::size_t> ready;
      bool all_done = true;
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (tasks_[i].handle.done()) continue;
        all_done = false;
        if (tasks_[i].handle.promise().ready()) ready.push_back(i);
      }
      if (all_done && events_.empty()) return;
      if (ready.empty() && events_.empty()) violated("deadlock");
      const std::size_t pick = random_() % (ready.size() + events_.size());
      if (pick < ready.size()) {
        step(tasks_[ready[pick]]);
      } else {
        const auto at = events_.begin() + static_cast<std::ptrdiff_t>(pick - ready.size());
        const auto event = std::move(*at);
        events_.erase(at);
        event();
      }
    }
  }

 private:
  static void step(const Task& task) {
    task.handle.promise().ready = [] { return true; };
    task.handle.resume();
    if (task.handle.promise().error) std::rethrow_exception(task.handle.promise().error);
  }
  std::mt19937_64 random_;
  std::vector<Task> tasks_;
  std::vector<std::function<void()>> events_;
};

}  // namespace wean::kernels::sm90::model
