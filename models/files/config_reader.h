// JSON configs of the layouts -> the structs of config.h. Fields that change the computation and are not supported are
// refused by name; unknown fields are ignored, as diffusers does.
#pragma once
#include <string>

#include "models/files/config.h"
#include "models/files/json.h"

namespace wean::models {

/// Ends every message about an unsupported model.
inline constexpr const char* kSupported = "supported is Wan2.1 text-to-video";

/// transformer/config.json of diffusers. All readers throw kMalformed (wrong type or range) and kUsage (unsupported).
[[nodiscard]] TransformerConfig read_transformer_config(const Json& json, const std::string& where);
/// config.json of the original layout.
[[nodiscard]] TransformerConfig read_original_config(const Json& json, const std::string& where);
[[nodiscard]] VaeConfig read_vae_config(const Json& json, const std::string& where);
[[nodiscard]] SchedulerConfig read_scheduler_config(const Json& json, const std::string& where);
[[nodiscard]] TextEncoderConfig read_text_config(const Json& json, const std::string& where);

/// The published Wan2.1 VAE, with its latents' mean and deviation.
[[nodiscard]] VaeConfig published_vae();
/// Sets stride_time and stride_space from the levels.
void set_strides(VaeConfig& config);

/// Throws kMalformed when sizes are impossible (zero, or so large that products could overflow), naming the field.
void check_config(const TransformerConfig& config, const std::string& where);
void check_config(const VaeConfig& config, const std::string& where);
void check_config(const TextEncoderConfig& config, const std::string& where);

}  // namespace wean::models
