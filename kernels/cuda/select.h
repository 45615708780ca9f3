// The kernel behind CudaSections::select. Internal to this folder.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/sections.h"

namespace wean::kernels {

/// In host memory that the device can write: the first numbers that the table did not have.
struct SelectFault {
  std::int64_t phase, branch, layer;
  std::int64_t found;  ///< 1 once the others are written
};

struct SelectCall {
  DeviceSite site;
  const std::int32_t* table;  ///< device, as SectionTable::section
  std::int64_t first_phase, phases, branches, experts, layers;
  const char* sections;  ///< device; the one at number `count` keeps nothing
  std::int64_t count;
  std::size_t section_bytes;  ///< a multiple of 16
  char* to;
  char* zero;
  std::size_t zero_bytes;
  SelectFault* fault;
};

void launch_select(const SelectCall& call, void* stream);

}  // namespace wean::kernels
