// Names of the original layouts, by hand from the published conversion tables.
#include "models/files/key_maps.h"

#include <gtest/gtest.h>

namespace wean::models {
namespace {

struct Pair {
  const char* from;
  const char* to;
};

TEST(KeyMaps, TransformerSwapsItsNorms) {
  for (const Pair& row : {Pair{"blocks.29.norm3.bias", "blocks.29.norm2.bias"},
                          Pair{"blocks.0.self_attn.o.weight", "blocks.0.attn1.to_out.0.weight"},
                          Pair{"blocks.12.cross_attn.norm_k.weight", "blocks.12.attn2.norm_k.weight"},
                          Pair{"blocks.3.modulation", "blocks.3.scale_shift_table"},
                          Pair{"head.modulation", "scale_shift_table"}, Pair{"head.head.weight", "proj_out.weight"},
                          Pair{"time_projection.1.bias", "condition_embedder.time_proj.bias"},
                          Pair{"blocks.7.ffn.2.weight", "blocks.7.ffn.net.2.weight"}}) {
    EXPECT_EQ(rename(row.from, wan_transformer_rules()), row.to);
  }
}

TEST(KeyMaps, UnknownNamesHaveNoRule) {
  for (const char* name : {"blocks.0.norm2.weight", "blocks.x.norm3.weight", "blocks..norm3.weight",
                           "blocks.0.self_attn.q.a.b", "head.head2.weight", "xhead.head.weight"}) {
    EXPECT_FALSE(rename(name, wan_transformer_rules()).has_value()) << name;
  }
}

TEST(KeyMaps, Umt5) {
  for (const Pair& row :
       {Pair{"token_embedding.weight", "shared.weight"}, Pair{"norm.weight", "encoder.final_layer_norm.weight"},
        Pair{"blocks.2.ffn.gate.0.weight", "encoder.block.2.layer.1.DenseReluDense.wi_0.weight"},
        Pair{"blocks.23.pos_embedding.embedding.weight",
             "encoder.block.23.layer.0.SelfAttention.relative_attention_bias.weight"}}) {
    EXPECT_EQ(rename(row.from, umt5_rules()), row.to);
  }
}

std::string vae(const std::string& name, std::int64_t res_blocks) {
  std::vector<TensorView> tensors(1);
  tensors[0].name = name;
  rename_vae(tensors, res_blocks);
  return tensors[0].name;
}

TEST(KeyMaps, VaeWithTwoResidualBlocksALevelIsThePublishedOne) {
  EXPECT_EQ(vae("conv1.weight", 2), "quant_conv.weight");
  EXPECT_EQ(vae("decoder.conv1.bias", 2), "decoder.conv_in.bias");
  EXPECT_EQ(vae("decoder.head.0.gamma", 2), "decoder.norm_out.gamma");
  EXPECT_EQ(vae("decoder.middle.2.residual.6.weight", 2), "decoder.mid_block.resnets.1.conv2.weight");
  EXPECT_EQ(vae("encoder.middle.1.to_qkv.bias", 2), "encoder.mid_block.attentions.0.to_qkv.bias");
  EXPECT_EQ(vae("encoder.downsamples.10.residual.3.gamma", 2), "encoder.down_blocks.10.norm2.gamma");
  EXPECT_EQ(vae("encoder.downsamples.3.shortcut.weight", 2), "encoder.down_blocks.3.conv_shortcut.weight");
  EXPECT_EQ(vae("encoder.downsamples.5.time_conv.weight", 2), "encoder.down_blocks.5.time_conv.weight");
  EXPECT_EQ(vae("decoder.upsamples.6.residual.2.weight", 2), "decoder.up_blocks.1.resnets.2.conv1.weight");
  EXPECT_EQ(vae("decoder.upsamples.4.shortcut.bias", 2), "decoder.up_blocks.1.resnets.0.conv_shortcut.bias");
  EXPECT_EQ(vae("decoder.upsamples.11.resample.1.weight", 2), "decoder.up_blocks.2.upsamplers.0.resample.1.weight");
  EXPECT_EQ(vae("decoder.upsamples.7.time_conv.bias", 2), "decoder.up_blocks.1.upsamplers.0.time_conv.bias");
}

TEST(KeyMaps, VaeWithAnotherNumberOfResidualBlocks) {
  EXPECT_EQ(vae("decoder.upsamples.2.resample.1.bias", 1), "decoder.up_blocks.0.upsamplers.0.resample.1.bias");
  EXPECT_EQ(vae("decoder.upsamples.3.residual.0.gamma", 1), "decoder.up_blocks.1.resnets.0.norm1.gamma");
  EXPECT_EQ(vae("decoder.upsamples.x.residual.0.gamma", 1), "decoder.upsamples.x.residual.0.gamma");
}

}  // namespace
}  // namespace wean::models
