// Who waits for what, as the kernel's watchdog reports it to the host.
#pragma once
#include <cstdint>

namespace wean::kernels::sm90 {

enum class Role : std::uint32_t { kProducer, kStore0, kStore1, kConsumer0, kConsumer1 };
enum class Wait : std::uint32_t { kQueryFull, kQueryEmpty, kKeyFull, kKeyEmpty, kValueFull, kValueEmpty, kOutput };

inline constexpr int kWatchdogWords = 20;  ///< four for each role: 1 + wait, slot, parity, block

}  // namespace wean::kernels::sm90
