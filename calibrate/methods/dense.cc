#include "calibrate/cells.h"
#include "calibrate/methods/methods.h"

namespace wean::calibrate {
namespace {

class Dense final : public Method {
 public:
  explicit Dense(const Context& context) : context_(context) {}
  Reach reach() override { return {1.0, 1.0}; }

  std::vector<Allocation> allocate(std::span<const double> densities) override {
    Allocation allocation;
    allocation.phases = plan_phases(context_.source.meta().phases, context_.steps.sigmas);
    settle(make_cells(context_, allocation.phases, allocation.phases.size()), allocation);
    return std::vector<Allocation>(densities.size(), allocation);
  }

 private:
  const Context& context_;
};

}  // namespace

std::unique_ptr<Method> make_dense(const Context& context) { return std::make_unique<Dense>(context); }

}  // namespace wean::calibrate
