"""The transformer that runtime/bench times is Wan's: same weights, same output as diffusers' on the CPU. Exit 77 without diffusers."""
import pathlib
import sys

try:
    import torch
    from diffusers import WanTransformer3DModel
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "runtime/bench"))
import wan  # noqa: E402


def main():
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    config = wan.Config(layers=2, heads=3, ffn=160, head_dim=48, text_dim=40)
    theirs = WanTransformer3DModel(num_attention_heads=3, attention_head_dim=48, text_dim=40, ffn_dim=160, num_layers=2).eval()
    for parameter in theirs.parameters():
        parameter.data.normal_(0, 0.1)
    ours = wan.Wan(config).eval()
    ours.load_state_dict(theirs.state_dict())
    latents, text, time = torch.randn(2, 16, 3, 8, 10), torch.randn(2, 512, 40), torch.tensor([900, 400])
    expected = theirs(latents, time, text, return_dict=False)[0]
    difference = float((ours(latents, time, text) - expected).norm() / expected.norm())
    print(f"relative difference {difference:.2e}")
    assert difference < 1e-5
    made = wan.random_model(config, torch.float32, "cpu")
    scale = float(made(latents, time, text).std())
    print(f"standard deviation of a random model's output {scale:.2f}")
    assert 0.1 < scale < 10


if __name__ == "__main__":
    main()
