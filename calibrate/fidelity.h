// Fidelity of a masked attention row in closed form (METHOD.md section 2). Masking and renormalising a row that keeps
// the share m of its mass gives sum sqrt(P P~) = sqrt(m), so the Hellinger distance is H = sqrt(1 - sqrt(m)).
#pragma once

namespace wean::calibrate {

/// F = 1 - H of a row that drops the share `dropped` = 1 - m of its mass; the argument is clamped to [0, 1]. Written
/// in the dropped share because 1 - sqrt(1 - x) = x / (1 + sqrt(1 - x)) keeps all digits near F = 1.
[[nodiscard]] double fidelity_of_dropped(double dropped) noexcept;

/// Kept mass m of a row whose fidelity is `fidelity` in [0, 1]: (1 - (1 - F)^2)^2.
[[nodiscard]] double kept_of_fidelity(double fidelity) noexcept;

}  // namespace wean::calibrate
