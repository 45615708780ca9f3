// Configs and layouts: what is supported opens, everything else is refused by name.
#include <functional>

#include "models/files/checkpoint.h"
#include "models/files/config_reader.h"
#include "tests/models/files/files_support.h"

namespace wean::models {
namespace {

namespace fs = std::filesystem;
using test::put;
using test::safetensors_text;
using test::tensors_named;
using ::wean::testing::TempDir;

Json json(const std::string& text) { return parse_json(text, "c", kConfigLimits); }

constexpr const char* kTransformer = R"({"_class_name":"WanTransformer3DModel","patch_size":[1,2,2],
  "num_attention_heads":5,"attention_head_dim":64,"in_channels":16,"out_channels":16,"text_dim":192,"freq_dim":256,
  "ffn_dim":1024,"num_layers":8,"cross_attn_norm":true,"qk_norm":"rms_norm_across_heads","eps":1e-06,
  "image_dim":null,"added_kv_proj_dim":null,"rope_max_seq_len":1024,"pos_embed_seq_len":null})";

TEST(Config, ReadsATransformer) {
  const TransformerConfig config = read_transformer_config(json(kTransformer), "c");
  EXPECT_EQ(config.heads, 5);
  EXPECT_EQ(config.head_dim, 64);
  EXPECT_EQ(config.layers, 8);
  EXPECT_EQ(config.text_dim, 192);
  EXPECT_EQ(config.eps, 1e-6);
}

TEST(Config, ReadsTheOriginalTransformer) {
  const TransformerConfig config = read_original_config(
      json(
          R"({"model_type":"t2v","dim":1536,"num_heads":12,"num_layers":30,"ffn_dim":8960,"eps":1e-06,"text_len":512})"),
      "c");
  EXPECT_EQ(config.heads, 12);
  EXPECT_EQ(config.head_dim, 128);
  EXPECT_EQ(config.ffn_dim, 8960);
  EXPECT_EQ(config.patch, (std::array<std::int64_t, 3>{1, 2, 2}));
}

struct Change {
  const char* key;
  const char* value;
  ErrorCode code;
  const char* message;
};

/// `text` with one key set to another value.
Json changed(const char* text, const Change& change) {
  Json config = json(text);
  config[change.key] = Json::parse(change.value);
  return config;
}

TEST(Config, RefusesOtherTransformersByName) {
  for (const Change& row :
       {Change{"image_dim", "1280", ErrorCode::kUsage, "this is Wan I2V"},
        Change{"added_kv_proj_dim", "5120", ErrorCode::kUsage, "this is Wan I2V"},
        Change{"in_channels", "36", ErrorCode::kUsage, "this is Wan2.2 I2V"},
        Change{"in_channels", "48", ErrorCode::kUsage, "this is Wan2.2 TI2V-5B"},
        Change{"_class_name", "\"WanVACETransformer3DModel\"", ErrorCode::kUsage, "WanVACETransformer3DModel"},
        Change{"qk_norm", "\"rms_norm\"", ErrorCode::kUsage, "qk_norm \"rms_norm\" is not supported"},
        Change{"num_layers", "0", ErrorCode::kMalformed, "num_layers 0; an integer from 1"},
        Change{"num_layers", "8.0", ErrorCode::kMalformed, "num_layers 8.0; an integer"},
        Change{"num_layers", "\"8\"", ErrorCode::kMalformed, "num_layers \"8\"; an integer"},
        Change{"num_layers", "99999999999", ErrorCode::kMalformed, "num_layers 99999999999"},
        Change{"num_attention_heads", "-5", ErrorCode::kMalformed, "num_attention_heads -5"},
        Change{"attention_head_dim", "63", ErrorCode::kMalformed, "head_dim 63; an even number"},
        Change{"patch_size", "[1,2]", ErrorCode::kMalformed, "patch_size has 2 numbers"},
        Change{"patch_size", "[1,2,0]", ErrorCode::kMalformed, "patch_size 0"},
        Change{"eps", "0", ErrorCode::kMalformed, "eps 0; above 0"},
        Change{"cross_attn_norm", "1", ErrorCode::kMalformed, "cross_attn_norm 1; true or false"}}) {
    SCOPED_TRACE(row.message);
    EXPECT_ERROR(read_transformer_config(changed(kTransformer, row), "c"), row.code, row.message);
  }
}

TEST(Config, RefusesOtherSchedulers) {
  constexpr const char* kGood = R"({"_class_name":"UniPCMultistepScheduler","use_flow_sigmas":true,
    "prediction_type":"flow_prediction","flow_shift":3.0,"solver_order":2})";
  EXPECT_EQ(read_scheduler_config(json(kGood), "c").flow_shift, 3.0);
  for (const Change& row :
       {Change{"_class_name", "\"DDIMScheduler\"", ErrorCode::kUsage, "scheduler 'DDIMScheduler'"},
        Change{"use_flow_sigmas", "false", ErrorCode::kUsage, "use_flow_sigmas false is not supported"},
        Change{"use_flow_sigmas", "null", ErrorCode::kUsage, "use_flow_sigmas is missing; allowed is true"},
        Change{"prediction_type", "\"epsilon\"", ErrorCode::kUsage, "prediction_type \"epsilon\" is not supported"},
        Change{"prediction_type", "null", ErrorCode::kUsage, "prediction_type is missing; allowed is \"flow_pred"},
        Change{"solver_type", "\"bh1\"", ErrorCode::kUsage, "solver_type \"bh1\" is not supported"},
        Change{"solver_order", "3", ErrorCode::kMalformed, "solver_order 3"},
        Change{"solver_p", "{\"_class_name\":\"X\"}", ErrorCode::kUsage, "solver_p {"},
        Change{"shift_terminal", "0.1", ErrorCode::kUsage, "shift_terminal 0.1 is not supported; allowed is 0"},
        Change{"disable_corrector", "[0]", ErrorCode::kUsage, "disable_corrector [0] is not supported"},
        Change{"final_sigmas_type", "\"sigma_min\"", ErrorCode::kUsage, "final_sigmas_type \"sigma_min\""},
        Change{"lower_order_final", "false", ErrorCode::kUsage, "c: lower_order_final false is not supported"},
        Change{"num_train_timesteps", "500", ErrorCode::kUsage, "c: num_train_timesteps 500 is not supported"},
        Change{"use_karras_sigmas", "true", ErrorCode::kUsage, "use_karras_sigmas true"},
        Change{"flow_shift", "0", ErrorCode::kMalformed, "shift 0; above 0"},
        Change{"flow_shift", "\"3\"", ErrorCode::kMalformed, "flow_shift \"3\"; a finite number"}}) {
    SCOPED_TRACE(row.message);
    EXPECT_ERROR(read_scheduler_config(changed(kGood, row), "c"), row.code, row.message);
  }
}

TEST(Config, RefusesOtherVaes) {
  constexpr const char* kGood = R"({"_class_name":"AutoencoderKLWan","base_dim":12,"dim_mult":[1,2,4,4],"z_dim":16})";
  EXPECT_EQ(read_vae_config(json(kGood), "c").stride_space, 8);
  EXPECT_EQ(read_vae_config(json(kGood), "c").latents_mean.size(), 16U);
  for (const Change& row :
       {Change{"is_residual", "true", ErrorCode::kUsage, "this is the Wan2.2 VAE"},
        Change{"patch_size", "2", ErrorCode::kUsage, "this is the Wan2.2 VAE"},
        Change{"z_dim", "48", ErrorCode::kMalformed, "z_dim = 48 are allowed"},
        Change{"dim_mult", "[1,2,4]", ErrorCode::kMalformed, "one less than dim_mult"},
        Change{"dim_mult", "[]", ErrorCode::kMalformed, "levels of dim_mult 0"},
        Change{"latents_std", "[1,1,1,1,0,1,1,1,1,1,1,1,1,1,1,1]", ErrorCode::kMalformed,
               "c: latents_std[4] 0; a finite number above 0"},
        Change{"latents_std", "[1,2]", ErrorCode::kMalformed, "z_dim = 16 are allowed"},
        Change{"scale_factor_temporal", "8", ErrorCode::kMalformed, "do not follow from the levels"},
        Change{"attn_scales", "[1.0]", ErrorCode::kUsage, "attn_scales"}}) {
    SCOPED_TRACE(row.message);
    EXPECT_ERROR(read_vae_config(changed(kGood, row), "c"), row.code, row.message);
  }
  Json many = json(kGood);
  many["temperal_downsample"] = std::vector<bool>(100, true);
  EXPECT_ERROR(read_vae_config(many, "c"), ErrorCode::kMalformed, "temperal_downsample has 100 entries");
}

TEST(Config, RefusesOtherTextEncoders) {
  EXPECT_ERROR(read_text_config(json(R"({"model_type":"t5"})"), "c"), ErrorCode::kUsage, "model_type 't5'");
  EXPECT_ERROR(read_text_config(json(R"({"model_type":"umt5","feed_forward_proj":"relu"})"), "c"), ErrorCode::kUsage,
               "relu");
  EXPECT_ERROR(read_text_config(json(R"({"relative_attention_num_buckets":2})"), "c"), ErrorCode::kMalformed,
               "buckets 2");
  EXPECT_ERROR(read_text_config(json(R"({"relative_attention_max_distance":8})"), "c"), ErrorCode::kMalformed,
               "distance 8");
}

struct Foreign {
  const char* tensor;
  const char* name;
};

TEST(SingleFile, NamesForeignArchitectures) {
  for (const Foreign& row :
       {Foreign{"img_emb.proj.0.weight", "Wan2.1 I2V"}, Foreign{"vace_blocks.0.after_proj.bias", "Wan VACE"},
        Foreign{"double_blocks.0.img_attn_qkv.weight", "HunyuanVideo"},
        Foreign{"single_transformer_blocks.0.norm.linear.weight", "HunyuanVideo or Flux"},
        Foreign{"transformer.layers.0.attention.query_key_value.weight", "CogVideoX"},
        Foreign{"patchify_proj.weight", "LTX"}, Foreign{"transformer_blocks.0.scale_shift_table", "LTX"},
        Foreign{"blocks.0.self_attn.q.lora_A.weight", "a LoRA"}, Foreign{"blocks.0.self_attn.q.scale_weight", "8-bit"},
        Foreign{"face_adapter.fuser_blocks.0.k_norm.weight", "Wan2.2 Animate"},
        Foreign{"token_embedding.weight", "a UMT5 text encoder"},
        Foreign{"decoder.middle.0.residual.0.gamma", "a Wan VAE"}}) {
    SCOPED_TRACE(row.tensor);
    const TempDir dir;
    put(dir / "a.safetensors", tensors_named({row.tensor}));
    EXPECT_ERROR(open_checkpoint(dir / "a.safetensors"), ErrorCode::kUsage, row.name);
    put(dir / "b.safetensors", tensors_named({std::string("model.diffusion_model.") + row.tensor}));
    EXPECT_ERROR(open_checkpoint(dir / "b.safetensors"), ErrorCode::kUsage, row.name);
  }
}

TEST(SingleFile, UnknownAndMixed) {
  const TempDir dir;
  put(dir / "a.safetensors", tensors_named({"x"}));
  EXPECT_ERROR(open_checkpoint(dir / "a.safetensors"), ErrorCode::kUsage, "unknown architecture");
  put(dir / "a.safetensors", tensors_named({"model.diffusion_model.x", "vae.y"}));
  EXPECT_ERROR(open_checkpoint(dir / "a.safetensors"), ErrorCode::kUsage, "holds more than a transformer: 'vae.y'");
  put(dir / "a.safetensors", tensors_named({"blocks.0.self_attn.q.weight"}));
  EXPECT_ERROR(open_checkpoint(dir / "a.safetensors"), ErrorCode::kMalformed, "'patch_embedding.weight' is missing");
}

TEST(SingleFile, NamesWhatIsNoSafetensors) {
  const TempDir dir;
  for (const char* name : {"m.pth", "m.pt", "m.ckpt", "m.bin"}) {
    put(dir / name, "PK");
    EXPECT_ERROR(open_checkpoint(dir / name), ErrorCode::kUsage, "a pickle file");
  }
  put(dir / "m.gguf", "GGUF");
  EXPECT_ERROR(open_checkpoint(dir / "m.gguf"), ErrorCode::kUsage, "a GGUF file");
  EXPECT_ERROR(open_checkpoint(dir / "nothing"), ErrorCode::kIo, "not there");
}

TEST(Folder, NamesForeignFolders) {
  const auto refused = [](const char* file, const char* text, const char* message) {
    SCOPED_TRACE(message);
    const TempDir dir;
    put(dir / file, text);
    EXPECT_ERROR(open_checkpoint(dir.path()), ErrorCode::kUsage, message);
  };
  refused("high_noise_model/config.json", "{}", "this is Wan2.2 A14B");
  refused("Wan2.2_VAE.pth", "", "this is Wan2.2 TI2V-5B");
  refused("models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", "", "this is Wan2.1 I2V");
  refused("hunyuan-video-t2v-720p/x", "", "this is HunyuanVideo");
  refused("config.json", R"({"_class_name":"WanTransformer3DModel"})", "this is the transformer alone");
  refused("config.json", R"({"dim":8,"num_heads":1,"model_type":"i2v","num_layers":1,"ffn_dim":8})",
          "model_type 'i2v'");
  refused("config.json", R"({"_class_name":"AutoencoderKLWan"})", "this is the VAE alone");
  refused("readme.txt", "",
          "no checkpoint: neither model_index.json (diffusers) nor an original Wan config.json is there;"
          " it holds readme.txt");
  refused("inner/model_index.json", "", "/inner?");
  refused("models--o--n/snapshots/abc/x", "", "did you mean ");
  refused("snapshots/abc/x", "", "snapshots/abc: no checkpoint");
  refused("model_index.json", R"({"_class_name":"HunyuanVideoPipeline"})",
          "a HunyuanVideoPipeline; allowed is WanPipeline");
  refused("model_index.json", R"({"_class_name":"WanImageToVideoPipeline"})", "a WanImageToVideoPipeline");
  refused("model_index.json", R"({"_class_name":"WanPipeline","boundary_ratio":0.875})", "this is Wan2.2 A14B");
  refused("model_index.json", R"({"_class_name":"WanPipeline","expand_timesteps":true})", "this is Wan2.2 TI2V-5B");
  refused("model_index.json", R"({"_class_name":"WanPipeline","vae":["diffusers","AutoencoderKL"]})",
          "vae is a AutoencoderKL");
}

/// A diffusers folder whose transformer opens; text encoder and VAE have configs, but their weights are broken.
void put_model(const fs::path& folder) {
  put(folder / "model_index.json", R"({"_class_name":"WanPipeline"})");
  put(folder / "scheduler" / "scheduler_config.json",
      R"({"_class_name":"FlowMatchEulerDiscreteScheduler","shift":3.0})");
  put(folder / "transformer" / "config.json", kTransformer);
  put(folder / "transformer" / "diffusion_pytorch_model.safetensors",
      tensors_named({"patch_embedding.bias", "blocks.0.attn1.to_q.weight"}));
  put(folder / "text_encoder" / "config.json", R"({"model_type":"umt5"})");
  put(folder / "text_encoder" / "model.safetensors", "broken");
  put(folder / "vae" / "config.json", R"({"_class_name":"AutoencoderKLWan","dim_mult":[1,2,4],
    "temperal_downsample":[false,true]})");
  put(folder / "vae" / "diffusion_pytorch_model.safetensors", "broken");
}

TEST(Folder, PartsThatWereNotAskedForAreNotOpened) {
  const TempDir dir;
  put_model(dir.path());
  EXPECT_ERROR(open_checkpoint(dir.path(), {true, false}), ErrorCode::kMalformed, "text_encoder/model.safetensors");
  EXPECT_ERROR(open_checkpoint(dir.path(), {false, true}), ErrorCode::kMalformed, "vae/diffusion_pytorch_model");
  const Checkpoint sizes = open_checkpoint(dir.path(), {false, false});
  EXPECT_EQ(sizes.transformer.config.heads, 5);
  ASSERT_TRUE(sizes.vae.has_value());
  EXPECT_EQ(sizes.vae->config.stride_space, 4);
  EXPECT_EQ(sizes.vae->tensors, nullptr);
  EXPECT_FALSE(sizes.text_encoder || sizes.tokenizer);
  for (const char* part : {"text_encoder", "vae"}) fs::remove_all(dir / part);
  const Checkpoint alone = open_checkpoint(dir.path());
  EXPECT_FALSE(alone.vae || alone.text_encoder || alone.tokenizer);
  EXPECT_THAT(alone.missing_vae, ::testing::HasSubstr("vae/config.json: not there"));
  EXPECT_THAT(alone.missing_text_encoder,
              ::testing::HasSubstr("text_encoder/config.json: not there; use --embeddings"));
  EXPECT_THAT(alone.missing_tokenizer, ::testing::HasSubstr("tokenizer: neither tokenizer.json nor spiece.model"));
}

TEST(Folder, HubCacheOpensItsSnapshotThroughLinks) {
  const TempDir dir;
  const fs::path cache = dir / "models--org--name", snapshot = cache / "snapshots" / "abc";
  put_model(dir / "plain");
  fs::create_directories(cache / "blobs");
  fs::create_directories(snapshot);
  for (const char* name : {"model_index.json", "scheduler/scheduler_config.json", "transformer/config.json",
                           "transformer/diffusion_pytorch_model.safetensors"}) {
    const std::string blob = std::to_string(std::hash<std::string>()(name));
    fs::rename(dir / "plain" / name, cache / "blobs" / blob);
    fs::create_directories((snapshot / name).parent_path());
    const fs::path up = fs::path(name).has_parent_path() ? "../../../blobs" : "../../blobs";
    fs::create_symlink(up / blob, snapshot / name);
  }
  for (const fs::path& given : {cache, snapshot}) {
    const Checkpoint checkpoint = open_checkpoint(given);
    EXPECT_EQ(checkpoint.path, snapshot);
    EXPECT_EQ(checkpoint.transformer.config.layers, 8);
  }
}

TEST(Folder, MalformedModelIndex) {
  const TempDir dir;
  put(dir / "model_index.json", R"({"_class_name":"WanPipeline","vae":"x"})");
  EXPECT_ERROR(open_checkpoint(dir.path()), ErrorCode::kMalformed,
               "vae is \"x\"; a pair of library and class is allowed");
  put(dir / "model_index.json", R"({"_class_name":7})");
  EXPECT_ERROR(open_checkpoint(dir.path()), ErrorCode::kMalformed, "_class_name 7; a string");
  put(dir / "model_index.json", std::string((1 << 20) + 1, ' '));
  EXPECT_ERROR(open_checkpoint(dir.path()), ErrorCode::kMalformed, "at most 1048576 are allowed");
  put(dir / "model_index.json", R"({"_class_name":"WanPipeline"})");
  EXPECT_ERROR(open_checkpoint(dir.path()), ErrorCode::kIo, "scheduler_config.json: cannot open");
}

}  // namespace
}  // namespace wean::models
