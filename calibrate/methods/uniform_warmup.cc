#include <cmath>

#include "calibrate/methods/methods.h"
#include "calibrate/methods/uniform.h"

namespace wean::calibrate {

std::unique_ptr<Method> make_uniform_warmup(const Context& context) {
  const auto& sigmas = context.steps.sigmas;
  const double warmup = context.options.warmup.value_or(0.2);
  const auto dense_steps = static_cast<std::size_t>(std::lround(warmup * static_cast<double>(sigmas.size())));
  auto phases = split_after(plan_phases(context.source.meta().phases, sigmas), sigmas, dense_steps);
  const auto dense_phases = leading_phases(phases, sigmas, dense_steps);
  return std::make_unique<Uniform>(context, std::move(phases), dense_phases,
                                   std::map<std::string, double>{{"warmup", warmup}});
}

}  // namespace wean::calibrate
