#include "tests/kernels/emulated/cuda.h"

#include <setjmp.h>
#include <ucontext.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

namespace wean::kernels::sm80 {
alignas(128) unsigned char shared[emulated::kSharedBytes];
}

namespace wean::emulated {

unsigned char* const shared_memory = kernels::sm80::shared;
Index current_thread, current_block;

namespace {

constexpr std::size_t kStackBytes = 128 * 1024;

/// What threads wait at; `generation` counts how often all have come.
struct Gate {
  unsigned size = 0, arrived = 0, generation = 0;
};

struct Copy {
  std::uint32_t to;
  const void* from;  ///< null: zeros
};

struct Fiber {
  ucontext_t context = {};  ///< for the first start alone: later changes go without swapcontext's system calls
  jmp_buf resume = {};
  bool started = false;
  std::unique_ptr<char[]> stack;
  unsigned char mailbox[64] = {};
  std::deque<std::vector<Copy>> copies = {{}};  ///< groups, the open one last
  const Gate* gate = nullptr;
  unsigned generation = 0;  ///< of the gate, when it began to wait
  bool done = false;
  [[nodiscard]] bool ready() const { return !done && (gate == nullptr || gate->generation != generation); }
};

struct Block {
  std::vector<Fiber> fibers;
  std::vector<Gate> warps;
  Gate all;
  ucontext_t scheduler = {};
  jmp_buf resume = {};  ///< of the scheduler
  const std::function<void()>* body = nullptr;
};
Block block;

void fiber_main() {
  (*block.body)();
  block.fibers[current_thread.x].done = true;
  _longjmp(block.resume, 1);
}

void start(Fiber& fiber) {
  fiber.stack = std::make_unique<char[]>(kStackBytes);
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = &block.scheduler;
  makecontext(&fiber.context, fiber_main, 0);
}

void wait_at(Gate& gate) {
  Fiber& self = block.fibers[current_thread.x];
  if (++gate.arrived == gate.size) {
    gate.arrived = 0;
    ++gate.generation;
    return;
  }
  self.gate = &gate;
  self.generation = gate.generation;
  if (_setjmp(self.resume) == 0) _longjmp(block.resume, 1);
  block.fibers[current_thread.x].gate = nullptr;
}

/// Runs the current thread until it waits or ends.
void resume() {
  if (_setjmp(block.resume) != 0) return;
  Fiber& fiber = block.fibers[current_thread.x];
  if (fiber.started) _longjmp(fiber.resume, 1);
  fiber.started = true;
  swapcontext(&block.scheduler, &fiber.context);
}

/// Resumes each thread that can go on; whether there was one.
bool run_round() {
  bool any = false;
  for (unsigned thread = 0; thread < block.fibers.size(); ++thread) {
    if (!block.fibers[thread].ready()) continue;
    any = true;
    current_thread.x = thread;
    resume();
  }
  return any;
}

}  // namespace

void wait_for_block() { wait_at(block.all); }
void wait_for_warp() { wait_at(block.warps[current_thread.x / 32]); }
unsigned char* mailbox(unsigned thread) { return block.fibers[thread].mailbox; }

void copy_async(std::uint32_t to, const void* from, bool valid) {
  std::memset(shared_memory + to, 0xFF, 16);
  block.fibers[current_thread.x].copies.back().push_back({to, valid ? from : nullptr});
}

void end_copies() { block.fibers[current_thread.x].copies.emplace_back(); }

void wait_copies(std::size_t pending) {
  auto& copies = block.fibers[current_thread.x].copies;
  for (; copies.size() > pending + 1; copies.pop_front()) {
    for (const Copy& copy : copies.front()) {
      if (copy.from == nullptr) {
        std::memset(shared_memory + copy.to, 0, 16);
      } else {
        std::memcpy(shared_memory + copy.to, copy.from, 16);
      }
    }
  }
}

void run_block(unsigned index, unsigned threads, const std::function<void()>& body) {
  block = {};
  block.fibers.resize(threads);
  block.warps.assign(threads / 32, {32, 0, 0});
  block.all = {threads, 0, 0};
  block.body = &body;
  current_block.x = index;
  std::fill_n(shared_memory, kSharedBytes, static_cast<unsigned char>(0xFF));
  for (Fiber& fiber : block.fibers) start(fiber);
  while (run_round()) {
  }
  for (const Fiber& fiber : block.fibers) {
    if (!fiber.done) throw std::logic_error("emulated CTA: threads wait at different places");
  }
}

}  // namespace wean::emulated
