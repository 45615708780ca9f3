#include "tests/schemas/masks/patch.h"

#include <algorithm>
#include <bitset>
#include <span>

#include "common/base/digest.h"

namespace wean::test {
namespace {

// Numbers of schemas/masks.md, written out again on purpose.
constexpr std::size_t kHeader = 320, kPhase = 16, kEntry = 96, kRoot = 288;

std::span<const std::byte> part(const Bytes& bytes, std::uint64_t offset, std::uint64_t length) {
  if (offset > bytes.size() || length > bytes.size() - offset) return {};
  return std::span(bytes).subspan(offset, length);
}

std::uint64_t tables_end(const Bytes& bytes) {
  return kHeader + std::uint64_t{get<std::uint32_t>(bytes, 48)} * kPhase +
         std::uint64_t{get<std::uint32_t>(bytes, 32)} * kEntry;
}

template <typename Each>
void for_each_entry(Bytes& bytes, Each each) {
  if (tables_end(bytes) > bytes.size()) return;
  for (std::size_t i = 0; i < get<std::uint32_t>(bytes, 32); ++i) each(entry_at(bytes, i));
}

struct Geometry {
  std::uint64_t tokens, q_block, k_block, rows, cols, words;
};

Geometry geometry_of(const Bytes& bytes) {
  Geometry g{
      std::uint64_t{get<std::uint32_t>(bytes, 72)} * get<std::uint32_t>(bytes, 76) * get<std::uint32_t>(bytes, 80),
      get<std::uint32_t>(bytes, 84),
      get<std::uint32_t>(bytes, 88),
      0,
      0,
      0};
  if (g.q_block == 0 || g.k_block == 0) return {};
  g.rows = (g.tokens + g.q_block - 1) / g.q_block;
  g.cols = (g.tokens + g.k_block - 1) / g.k_block;
  g.words = (g.cols + 31) / 32;
  return g;
}

std::uint64_t kept_in_map(std::span<const std::byte> map, const Geometry& g) {
  std::uint64_t kept = 0;
  for (std::uint64_t u = 0; u < g.rows; ++u) {
    for (std::uint64_t v = 0; v < g.cols; ++v) {
      std::uint32_t word;
      std::memcpy(&word, map.data() + (u * g.words + v / 32) * 4, 4);
      if (((word >> (v % 32)) & 1U) == 0) continue;
      kept += std::min(g.q_block, g.tokens - u * g.q_block) * std::min(g.k_block, g.tokens - v * g.k_block);
    }
  }
  return kept;
}

void repair_counts(Bytes& bytes, std::size_t entry) {
  const Geometry g = geometry_of(bytes);
  const std::uint64_t heads = get<std::uint32_t>(bytes, 64);
  const std::uint64_t slots = get<std::uint32_t>(bytes, entry + 20);
  const std::uint64_t table = (heads * 4 + 63) / 64 * 64;
  const auto payload = part(bytes, get<std::uint64_t>(bytes, entry + 24), get<std::uint64_t>(bytes, entry + 32));
  if (g.rows > 4096 || g.words > 4096 || slots > 4096 || heads > 4096) return;
  if (payload.size() != table + slots * g.rows * g.words * 4) return;
  std::uint64_t popcount = 0;
  for (const std::byte byte : payload.subspan(table))
    popcount += std::bitset<8>(std::to_integer<unsigned>(byte)).count();
  std::uint64_t kept = 0;
  for (std::uint64_t head = 0; head < heads; ++head) {
    std::uint32_t slot;
    std::memcpy(&slot, payload.data() + head * 4, 4);
    const std::uint64_t size = g.rows * g.words * 4;
    kept += slot < slots ? kept_in_map(payload.subspan(table + slot * size, size), g) : g.tokens * g.tokens;
  }
  put(bytes, entry + 40, popcount);
  put(bytes, entry + 48, kept);
}

void repair_density(Bytes& bytes) {
  const Geometry g = geometry_of(bytes);
  long double kept = 0;
  long double total = 0;
  for_each_entry(bytes, [&](std::size_t entry) {
    const std::size_t phase = get<std::uint32_t>(bytes, entry);
    if (phase >= get<std::uint32_t>(bytes, 48)) return;
    const long double steps = get<std::uint32_t>(bytes, phase_at(phase) + 8);
    kept += steps * static_cast<long double>(get<std::uint64_t>(bytes, entry + 48));
    total += steps * static_cast<long double>(g.tokens * g.tokens * get<std::uint32_t>(bytes, 64));
  });
  // Both sums stay below 2^64 in these small files, so long double holds them exactly.
  if (total > 0) put(bytes, 96, static_cast<double>(kept) / static_cast<double>(total));
}

}  // namespace

std::size_t phase_at(std::size_t index) { return kHeader + index * kPhase; }

std::size_t entry_at(const Bytes& bytes, std::size_t index) {
  return kHeader + get<std::uint32_t>(bytes, 48) * kPhase + index * kEntry;
}

void repair(Bytes& bytes, Repair level) {
  if (level >= Repair::kCounts) for_each_entry(bytes, [&](std::size_t entry) { repair_counts(bytes, entry); });
  if (level >= Repair::kDensity) repair_density(bytes);
  if (level >= Repair::kPayloadHashes) {
    for_each_entry(bytes, [&](std::size_t entry) {
      const auto payload = part(bytes, get<std::uint64_t>(bytes, entry + 24), get<std::uint64_t>(bytes, entry + 32));
      if (!payload.empty()) put(bytes, entry + 64, sha256(payload));
    });
  }
  if (level < Repair::kRoot || tables_end(bytes) > bytes.size()) return;
  Sha256 root;
  root.update(part(bytes, 0, kRoot)).update(part(bytes, kHeader, tables_end(bytes) - kHeader));
  put(bytes, kRoot, root.finish());
}

std::vector<IntegerField> integer_fields(const Bytes& bytes) {
  std::vector<IntegerField> fields = {
      {"major", 8, 2}, {"minor", 10, 2}, {"header_bytes", 12, 4}, {"file_bytes", 16, 8}};
  constexpr const char* kWords[] = {"incompatible", "compatible", "sections", "entry_bytes", "align",   "hash",
                                    "phases",       "branches",   "experts",  "layers",      "heads",   "head_dim",
                                    "frames",       "height",     "width",    "q_block",     "k_block", "token_order"};
  std::size_t offset = 24;
  for (const char* name : kWords) {
    fields.push_back({name, offset, 4});
    offset += 4;
  }
  fields.push_back({"global_density", 96, 8});
  for (offset = 104; offset < 128; offset += 4) fields.push_back({"schema and reserved", offset, 4});
  for (std::size_t i = 0; i < get<std::uint32_t>(bytes, 48); ++i) {
    fields.push_back({"sigma_low", phase_at(i), 8});
    fields.push_back({"steps", phase_at(i) + 8, 4});
    fields.push_back({"reserved of a phase", phase_at(i) + 12, 4});
  }
  for (std::size_t i = 0; i < get<std::uint32_t>(bytes, 32); ++i) {
    for (std::size_t at = 0; at < 24; at += 4) fields.push_back({"entry, first words", entry_at(bytes, i) + at, 4});
    for (std::size_t at = 24; at < 64; at += 8) fields.push_back({"entry, sizes", entry_at(bytes, i) + at, 8});
  }
  return fields;
}

std::vector<std::uint64_t> boundary_values(const Bytes& bytes, const IntegerField& field) {
  std::uint64_t present = 0;
  std::memcpy(&present, bytes.data() + field.offset, field.width);
  std::vector<std::uint64_t> values = {0, 1, 2, present - 1, present + 1, 0x7FFF, 0xFFFF};
  for (const int bits : {31, 32, 44, 63}) {
    if (static_cast<std::size_t>(bits) > 8 * field.width) continue;
    const std::uint64_t edge = std::uint64_t{1} << bits;
    values.insert(values.end(), {edge - 1, edge, edge + 1});
  }
  values.push_back(~std::uint64_t{0});
  return values;
}

void put_integer(Bytes& bytes, const IntegerField& field, std::uint64_t value) {
  std::memcpy(bytes.data() + field.offset, &value, field.width);
}

}  // namespace wean::test
