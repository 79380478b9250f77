"""Writes the two checkpoints that torch.rs is tested with (PyTorch 2.15; any version since 1.6 will do).

Every number is 1, 2, 3, … times 1/8, exact in half precision, so that the test can name them.
"""
from collections import OrderedDict

import torch

whole = torch.arange(1, 25, dtype=torch.float32) / 8
state = OrderedDict(
    (
        ("module.conv.weight", whole[:12].reshape(2, 3, 1, 2)),
        # A view with an offset, strides out of order, in the same storage.
        ("module.turned", whole.reshape(4, 6)[1:3, 2:5].t()),
        ("module.half", whole[:3].half()),
        ("module.double", whole[:2].double()),
        ("module.bn.num_batches_tracked", torch.tensor(7)),
        ("module.mask", torch.tensor([True, False])),
        ("module.parameter", torch.nn.Parameter(whole[20:22].clone())),
    )
)
torch.save(state, "plain.pth")
torch.save(
    {"epoch": 3, "lr": 0.1, "arch": "resnet", "state_dict": state, "notes": [1, (2, None), {"a": {1, 2}}]},
    "legacy.pth.tar",
    _use_new_zipfile_serialization=False,
)
