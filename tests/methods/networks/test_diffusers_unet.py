import json

import pytest
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from errors import UserError
from methods.networks.diffusers_unet import DiffusersUnet

SIZES = {"width": 8, "mults": (1, 2), "layers": 1, "attention_levels": (1,)}
FILE = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DiffusersUnet(6, 3, **SIZES).eval()


@pytest.fixture
def folder(network, tmp_path):
    network.model.save_pretrained(tmp_path)
    return tmp_path


def inputs(batch=2, channels=6, size=(8, 8)):
    torch.manual_seed(1)
    return torch.randn(batch, channels, *size), torch.rand(batch) * 1000


@torch.no_grad()
def test_diffusers_unet_is_the_model_called_directly(network):
    direct = UNet2DModel(
        in_channels=6,
        out_channels=3,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        norm_eps=1e-6,
        freq_shift=1,
        flip_sin_to_cos=False,
        downsample_padding=0,
    ).eval()
    direct.load_state_dict(network.model.state_dict())
    x, t = inputs()
    out = network(x, t)
    assert out.shape == (2, 3, 8, 8)
    assert_close(out, direct(x, t).sample, rtol=0, atol=0)
    assert (network(x, t + 1) - out).abs().max() > 1e-5
    assert_close(torch.cat([network(x[i : i + 1], t[i : i + 1]) for i in range(2)]), out, rtol=0, atol=1e-5)


def test_diffusers_unet_at_paper_scale_is_the_cifar_network_of_ddpm():
    with torch.device("meta"):
        net = DiffusersUnet(3, 3, width=128)
    assert sum(parameter.numel() for parameter in net.parameters()) == 35_746_307


@pytest.mark.parametrize("width", [8, 24, 32, 40])
@torch.no_grad()
def test_diffusers_unet_groups_fit_any_width(width):
    net = DiffusersUnet(3, 3, width=width, mults=(1, 3), layers=1, attention_levels=())
    assert net(*inputs(1, 3)).isfinite().all()


@torch.no_grad()
def test_diffusers_unet_from_a_folder_is_the_saved_one(network, folder):
    loaded = DiffusersUnet(6, 3, path=str(folder)).eval()
    built = network.model.config
    saved = {name: loaded.model.config[name] for name in built if not name.startswith("_")}
    assert len(saved) > 25
    assert saved == {
        name: list(value) if isinstance(value, tuple) else value for name, value in built.items() if name in saved
    }
    x, t = inputs()
    assert_close(loaded(x, t), network(x, t), rtol=0, atol=0)
    assert loaded.levels == 2


def refused(path, words, channels=(6, 3)):
    with pytest.raises(UserError, match=words) as caught:
        DiffusersUnet(*channels, path=str(path))
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("channels", [(3, 3), (6, 6)])
def test_diffusers_unet_refuses_other_channels(folder, channels):
    refused(folder, "takes 6 channels and gives 3.* need", channels)


def test_diffusers_unet_refuses_a_folder_that_is_not_there(tmp_path):
    refused(tmp_path / "google" / "ddpm-cifar10-32", "config.json")


def test_diffusers_unet_refuses_pickled_weights(folder):
    (folder / FILE).unlink()
    (folder / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")
    refused(folder, "no diffusion_pytorch_model.*safetensors")


def test_diffusers_unet_refuses_missing_and_damaged_weights(folder):
    weights = load_file(folder / FILE)
    weights.pop("conv_in.bias")
    save_file(weights, folder / FILE)
    refused(folder, "conv_in.bias")
    (folder / FILE).write_bytes(b"not tensors")
    refused(folder, "cannot be loaded")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"_class_name": "AutoencoderKL"}, "AutoencoderKL"), ({"num_class_embeds": 10}, "class labels")],
)
def test_diffusers_unet_refuses_other_models(folder, change, words):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    refused(folder, words)


def test_diffusers_unet_refuses_a_config_that_is_no_json(folder):
    (folder / "config.json").write_text("{")
    refused(folder, "config.json cannot be read")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"width": 12}, "width=12"),
        ({"mults": ()}, "mults"),
        ({"layers": 0}, "layers=0"),
        ({"attention_levels": (2,)}, "no level 2; levels are 0 to 1"),
    ],
)
def test_diffusers_unet_refuses_sizes_that_do_not_fit(options, words):
    with pytest.raises(UserError, match=words):
        DiffusersUnet(3, 3, **{**SIZES, **options})


def test_diffusers_unet_refuses_sizes_that_do_not_halve(network):
    with pytest.raises(UserError, match="diffusers_unet: 9x8 .* multiples of 2"):
        network(*inputs(size=(9, 8)))
