// Correctness of every variant over the kinds of rows and ends that a mask can have.
#include "kernels/sm90/tune/modes.h"
#include "kernels/sm90/tune/problem.h"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
namespace {

Shape shape(const char* name, std::int64_t heads, std::int64_t q, std::int64_t k, const char* mask, double density) {
  Shape s;
  s.name = name;
  s.heads = heads;
  s.q_tokens = q;
  s.k_tokens = k;
  s.mask = mask;
  s.density = density;
  return s;
}

/// Small ones are compared in full; the last ones are what deployments have, by sampled rows.
std::vector<Shape> shapes() {
  std::vector<Shape> all = {
      shape("one block", 1, 128, 128, "ones", 1),
      shape("two blocks", 1, 128, 256, "ones", 1),
      shape("three blocks, two rows", 1, 256, 384, "ones", 1),
      shape("ring wraps", 2, 256, 128 * 13, "ones", 1),
      shape("ragged keys", 2, 256, 300, "ones", 1),
      shape("ragged queries", 2, 200, 256, "ones", 1),
      shape("half a tile of queries", 2, 60, 256, "ones", 1),
      shape("one key", 1, 130, 1, "ones", 1),
      shape("single blocks", 3, 1000, 1500, "single", 1),
      shape("last block alone", 3, 1000, 1500, "last", 1),
      shape("mixed", 5, 1300, 1900, "mixed", .3),
      shape("mixed, more tiles than processors", 24, 2500, 2345, "mixed", .3),
      shape("long rows", 2, 300, 128 * 1100 + 5, "random", .05),
      shape("long rows, both directions", 1, 128 * 300, 128 * 1100 + 5, "random", .05),
      shape("more rows than processors", 3, 128 * 300, 128 * 300 - 3, "mixed", .3),
      shape("band", 4, 3000, 3000, "band", .2),
      shape("heads differ", 12, 4100, 4100, "heads", .3),
      shape("480p 0.1", 12, 32760, 32760, "uniform", .1),
      shape("480p 0.5", 12, 32760, 32760, "uniform", .5),
      shape("480p 1", 12, 32760, 32760, "ones", 1),
  };
  Shape s = shape("mixed, head-major", 5, 1300, 1900, "mixed", .3);
  s.head_major = true;
  all.push_back(s);
  s.name = "mixed, batch of 3 with one mask";
  s.batch = 3;
  all.push_back(s);
  s.name = "mixed, batch of 3, a mask each";
  s.mask_batch = 3;
  all.push_back(s);
  for (const char* data : {"rising", "falling", "opposed", "cliff", "spike", "infinite", "nan"}) {
    for (const char* mask : {"ones", "mixed"}) {
      s = shape(data, 3, 700, 1900, mask, .5);
      s.name = std::string("scores ") + data + ", " + mask;
      s.data = data;
      all.push_back(s);
    }
  }
  return all;
}

int check_one(const Report& report, const Variant& variant, Shape s) {
  const sm90::Config& c = variant.kernel.config;
  s.half = c.half;
  s.head_dim = c.head_dim;
  s.key_block = c.key_block;
  std::string fault;
  double error = 0;
  try {
    Problem problem(s, 11);
    problem.plan();
    problem.run(variant.kernel);
    problem.wait();
    fault = problem.compare(s.q_tokens * s.heads > 100000 ? 12 : s.q_tokens, error);
    const auto first = problem.output();
    for (int again = 0; again < 2 && fault.empty(); ++again) {
      problem.poison();
      problem.run(variant.kernel);
      problem.wait();
      if (problem.output() != first) fault = "another run gave other bits";
    }
  } catch (const std::exception& e) {
    fault = e.what();
  }
  report.line("{\"kind\":\"check\",\"variant\":\"" + std::string(variant.name) + "\",\"case\":\"" + s.name +
              "\",\"error\":" + std::to_string(error) + ",\"fault\":\"" + fault + "\"}");
  return !fault.empty();
}

std::vector<Variant> all_variants() {
  std::vector<Variant> all = checked_variants();
  for (const Variant& v : checked_library()) all.push_back(v);
  return all;
}

}  // namespace

int check_parts() { return static_cast<int>(all_variants().size()); }

int check(const Options& options) {
  const Report report(options.out.empty() ? "" : options.out + "/check.jsonl");
  const std::vector<Variant> all = all_variants();
  int faults = 0, part = 0;
  for (const Variant& variant : all) {
    if (options.only >= 0 && options.only != part++) continue;
    bool wanted = options.variants.empty();
    for (const std::string& name : options.variants) wanted = wanted || name == variant.name;
    for (const Shape& s : shapes()) {
      if (!wanted || faults > 4) break;  // a device that failed once refuses everything after
      faults += check_one(report, variant, s);
    }
  }
  return faults;
}

}  // namespace wean::kernels::tune
