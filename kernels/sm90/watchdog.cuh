// Waiting for an mbarrier, with a report instead of a hang when the kernel was compiled with the watchdog.
#pragma once
#include "kernels/sm90/ptx.cuh"
#include "kernels/sm90/watchdog_report.h"

namespace wean::kernels::sm90 {

/// Two seconds, then the report, then the fifth of a second that the other roles have for theirs. One asm statement:
/// branches that the compiler sees cost it the registers of the main loop.
__device__ __forceinline__ void wait_or_report(std::uint32_t barrier, std::uint32_t parity, std::uint32_t* report,
                                               Role role, Wait wait, std::uint32_t slot) {
  asm volatile(
      "{\n.reg .pred p;\n.reg .u32 start, now;\n.reg .u64 at;\n"
      "mov.u32 start, %globaltimer_lo;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n"
      "@p bra done;\n"
      "mov.u32 now, %globaltimer_lo;\n"
      "sub.u32 now, now, start;\n"
      "setp.lt.u32 p, now, 2000000000;\n"
      "@p bra again;\n"
      "mov.u32 now, %ctaid.x;\n"
      "mad.wide.u32 at, %3, 16, %2;\n"
      "st.volatile.global.v4.u32 [at], {%4, %5, %1, now};\n"
      "fence.sc.sys;\n"
      "mov.u32 start, %globaltimer_lo;\n"
      "linger:\n"
      "mov.u32 now, %globaltimer_lo;\n"
      "sub.u32 now, now, start;\n"
      "setp.lt.u32 p, now, 200000000;\n"
      "@p bra linger;\n"
      "trap;\n"
      "done:\n}" ::"r"(barrier),
      "r"(parity), "l"(report), "r"(static_cast<std::uint32_t>(role)), "r"(static_cast<std::uint32_t>(wait) + 1),
      "r"(slot)
      : "memory");
}

/// What a role needs to wait: with the watchdog, who it is and where reports go.
template <bool Watchdog>
struct Waiter {
  std::uint32_t* report;
  Role role;

  __device__ __forceinline__ void operator()(std::uint32_t barrier, std::uint32_t parity, Wait wait,
                                             std::uint32_t slot) const {
    if constexpr (Watchdog) {
      wait_or_report(barrier, parity, report, role, wait, slot);
    } else {
      while (!barrier_try_wait(barrier, parity)) {
      }
    }
  }
};

}  // namespace wean::kernels::sm90
