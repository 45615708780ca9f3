// Prints the content of a mask file in the form that tests/oracle/masks_oracle.py prints it: wean-masks-dump FILE
#include <cstdio>
#include <iostream>

#include "common/base/error.h"
#include "schemas/masks/head.h"

namespace wean {
namespace {

void print_meta(const MaskMeta& meta) {
  const ModelIdentity& model = meta.model;
  std::cout << "family " << model.family << "\nbranches " << meta.branches << "\nexperts " << model.experts
            << "\nlayers " << model.layers << "\nheads " << model.heads << "\nhead_dim " << model.head_dim << "\ngrid "
            << to_string(meta.grid) << "\nblocks " << meta.geometry.q_block << ' ' << meta.geometry.k_block
            << "\nweights " << to_hex(model.weights) << "\nconfig " << to_hex(model.config) << "\nquick "
            << to_hex(model.quick) << "\nrecipe " << to_hex(meta.recipe) << '\n';
  std::printf("density %.17g\n", meta.global_density);
  for (const Phase& phase : meta.phases) {
    std::printf("phase %.17g %.17g %u\n", phase.sigma_high, phase.sigma_low, phase.steps);
  }
}

void print_head(const MaskReader& reader, std::size_t section, std::uint32_t head) {
  const SectionKey key = masks::section_key(reader.meta(), section);
  const auto bits = reader.bits(key, head);
  std::cout << "head " << key.phase << ' ' << static_cast<int>(key.branch) << ' ' << key.expert << ' ' << key.layer
            << ' ' << head << ' ' << (bits.empty() ? "dense" : to_hex(sha256(std::as_bytes(bits))));
  std::printf(" %.17g\n", reader.density(key, head));
}

}  // namespace
}  // namespace wean

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  std::cout << std::unitbuf;
  const wean::MaskReader reader{std::filesystem::path(argv[1])};
  wean::print_meta(reader.meta());
  for (std::size_t i = 0; i < wean::masks::section_count(reader.meta()); ++i) {
    for (std::uint32_t head = 0; head < reader.meta().model.heads; ++head) wean::print_head(reader, i, head);
  }
} catch (const wean::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.code());
}
