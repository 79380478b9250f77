"""One L2T-ww iteration in PyTorch eager, written from the paper's equations: a peer to time and to check against.

In two ways that give the same numbers: `unrolled` differentiates through all virtual steps at once, `authors` goes back over
them one by one and evaluates each again, the source included, as the authors' code does. `plain` is a step on the task loss
alone, without transfer. Prints one line of JSON. See README.md beside this file.
"""

import argparse
import json
import statistics
import struct
import time

import torch
import torch.nn.functional as F


# ---- Networks as functions of a dictionary of weights, named as in checkpoints ----


def normalise(p, name, x, training):
    """Batch normalisation: by the batch's moments (updating the running ones where there are any), or by the running ones."""
    mean, var = p.get(f"{name}.running_mean"), p.get(f"{name}.running_var")
    return F.batch_norm(x, mean, var, p[f"{name}.weight"], p[f"{name}.bias"], training=training)


def source_features(p, groups, x):
    """The output of the last block of every group of a frozen ResNet."""
    x = F.relu(normalise(p, "bn1", F.conv2d(x, p["conv1.weight"], p.get("conv1.bias"), padding=1), False))
    taps = []
    for group, blocks in enumerate(groups):
        for nth, name in enumerate(blocks):
            stride = 2 if group > 0 and nth == 0 else 1
            y = F.conv2d(x, p[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = F.relu(normalise(p, f"{name}.bn1", y, False))
            y = normalise(p, f"{name}.bn2", F.conv2d(y, p[f"{name}.conv2.weight"], padding=1), False)
            if f"{name}.downsample.0.weight" in p:
                x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
                x = normalise(p, f"{name}.downsample.1", x, False)
            x = F.relu(x + y)
        taps.append(x)
    return taps


def target_features(p, layers, x):
    """The features of a VGG before every pooling, and what the last pooling gives. `layers`: convolutions and "M"."""
    taps = []
    for layer in layers:
        if layer == "M":
            taps.append(x)
            x = F.max_pool2d(x, 2)
        else:
            x = F.conv2d(x, p[f"features.{layer}.weight"], p[f"features.{layer}.bias"], padding=1)
            x = F.relu(normalise(p, f"features.{layer + 1}", x, True))
    return taps, x


# ---- The paper's losses ----


class Losses:
    """L_org and β L_wfm of one batch as functions of θ; what the source says is computed once."""

    def __init__(self, source, groups, layers, pairs, beta, x, y):
        self.layers, self.pairs, self.beta, self.x, self.y = layers, pairs, beta, x, y
        with torch.no_grad():
            self.features = source_features(source, groups, x) if pairs else []
            self.pooled = [feature.mean((2, 3)) for feature in self.features]
        self.resized = {}

    def weights(self, phi):
        """w = softmax(f), λ = ReLU6(g) for every pair."""
        w, lam = [], []
        for k, (m, _) in enumerate(self.pairs):
            p = self.pooled[m]
            w.append(F.softmax(F.linear(p, phi[f"what.{k}.weight"], phi[f"what.{k}.bias"]), 1))
            lam.append(F.relu6(F.linear(p, phi[f"where.{k}.weight"], phi[f"where.{k}.bias"])))
        return w, lam

    def source(self, m, size):
        """S^m at the size of a target layer."""
        if (m, size) not in self.resized:
            feature = self.features[m]
            same = feature.shape[2:] == size
            resized = feature if same else F.interpolate(feature, size=size, mode="bilinear", align_corners=False)
            self.resized[m, size] = resized
        return self.resized[m, size]

    def matching(self, theta, taps, w, lam):
        loss = 0
        for k, (m, n) in enumerate(self.pairs):
            r = F.conv2d(taps[n], theta[f"regressor.{k}.weight"], theta[f"regressor.{k}.bias"])
            squared = (r - self.source(m, r.shape[2:])).pow(2).mean((2, 3))
            loss = loss + (lam[k][:, 0] * (w[k] * squared).sum(1)).mean()
        return self.beta * loss

    def task(self, theta, last):
        logits = F.linear(last.mean((2, 3)), theta["classifier.weight"], theta["classifier.bias"])
        return F.cross_entropy(logits, self.y)

    def evaluate(self, theta, w=None, lam=None, task=True):
        """(L_org, β L_wfm), either of them None where it was not asked for."""
        taps, last = target_features(theta, self.layers, self.x)
        return self.task(theta, last) if task else None, self.matching(theta, taps, w, lam) if w else None


# ---- Algorithm 1 ----


def sgd(theta, velocity, gradient, rule):
    """v ← μ v + g + wd θ, θ ← θ − η v; a weight that the loss does not touch has a zero gradient, not a missing one."""
    lr, momentum, decay = rule
    new_theta, new_velocity = {}, {}
    for (name, value), g in zip(theta.items(), gradient):
        g = decay * value if g is None else g + decay * value
        new_velocity[name] = momentum * velocity[name] + g
        new_theta[name] = value - lr * new_velocity[name]
    return new_theta, new_velocity


def gradient(loss, theta, create_graph=False):
    return torch.autograd.grad(loss, list(theta.values()), create_graph=create_graph, allow_unused=True)


def leaves(values):
    return {name: value.detach().requires_grad_() for name, value in values.items()}


class Adam:
    """Adam with weight decay added to the gradient."""

    def __init__(self, phi, lr, decay):
        self.lr, self.decay, self.steps = lr, decay, 0
        self.first = {name: torch.zeros_like(value) for name, value in phi.items()}
        self.second = {name: torch.zeros_like(value) for name, value in phi.items()}

    def step(self, phi, grads):
        self.steps += 1
        out = {}
        with torch.no_grad():
            for (name, value), g in zip(phi.items(), grads):
                g = g + self.decay * value
                self.first[name] = 0.9 * self.first[name] + 0.1 * g
                self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
                first = self.first[name] / (1 - 0.9**self.steps)
                second = self.second[name] / (1 - 0.999**self.steps)
                out[name] = value - self.lr * first / (second.sqrt() + 1e-8)
        return out


def iteration(losses, theta, velocity, running, phi, adam, rule, steps):
    """Returns what the fixtures record. θ, velocity, running statistics and φ behind it are in "theta0", "velocity",
    `running` (changed in place) and "phi"."""
    out = {}
    # 1. The ordinary step on L_total; only this pass updates the running statistics.
    theta, phi = leaves(theta), leaves(phi)
    w, lam = losses.weights(phi)
    task, matching = losses.evaluate({**theta, **running}, [t.detach() for t in w], [t.detach() for t in lam])
    grads = gradient(task + matching, theta)
    out.update(task=task.detach(), matching=matching.detach(), grads=dict(zip(theta, grads)))
    with torch.no_grad():
        theta, velocity = sgd(theta, velocity, grads, rule)
    out.update(theta0=theta, velocity=velocity)
    # 2. T virtual steps on L_wfm, 3. one on L_org; φ enters through w and λ.
    theta, inner = leaves(theta), []
    for _ in range(steps):
        _, matching = losses.evaluate(theta, w, lam, task=False)
        inner.append(matching.detach())
        theta, velocity = sgd(theta, velocity, gradient(matching, theta, create_graph=True), rule)
    task, _ = losses.evaluate(theta)
    theta, velocity = sgd(theta, velocity, gradient(task, theta, create_graph=True), rule)
    # 4. L_org(θ_{T+1}) and its gradient in φ, through all of that; 5. Adam on φ.
    adapted, _ = losses.evaluate(theta)
    hypergradient = gradient(adapted, phi)
    out.update(inner=inner, adapted=theta, adapted_task=adapted.detach(), hypergradient=dict(zip(phi, hypergradient)))
    out["phi"] = adam.step(phi, hypergradient)
    return out


def authors_iteration(make_losses, theta, velocity, running, phi, adam, rule, steps):
    """The same, as the authors' code goes about it: `make_losses()` evaluates the source anew for every matching loss, and
    the reverse pass (Reverse-HG) evaluates every virtual step and its gradient again and differentiates that twice."""
    lr, momentum, decay = rule
    losses, out = make_losses(), {}
    theta, phi = leaves(theta), leaves(phi)
    with torch.no_grad():
        w, lam = losses.weights(phi)
    task, matching = losses.evaluate({**theta, **running}, w, lam)
    grads = gradient(task + matching, theta)
    out.update(task=task.detach(), matching=matching.detach(), grads=dict(zip(theta, grads)))
    with torch.no_grad():
        theta, velocity = sgd(theta, velocity, grads, rule)
    out.update(theta0=theta, velocity=velocity)

    trajectory, inner = [], []
    for t in range(steps + 1):
        theta = leaves(theta)
        trajectory.append(theta)
        if t < steps:
            losses = make_losses()
            with torch.no_grad():
                w, lam = losses.weights(phi)
            _, loss = losses.evaluate(theta, w, lam, task=False)
            inner.append(loss.detach())
        else:
            loss, _ = losses.evaluate(theta)
        grads = gradient(loss, theta)
        with torch.no_grad():
            theta, velocity = sgd(theta, velocity, grads, rule)

    theta = leaves(theta)
    adapted, _ = losses.evaluate(theta)
    a = [zero_for_none(g, value) for g, value in zip(gradient(adapted, theta), theta.values())]
    b = [torch.zeros_like(value) for value in a]
    hypergradient = [torch.zeros_like(value) for value in phi.values()]
    for t in reversed(range(steps + 1)):
        at = trajectory[t]
        if t < steps:
            losses = make_losses()
            _, loss = losses.evaluate(at, *losses.weights(phi), task=False)
        else:
            loss, _ = losses.evaluate(at)
        grads = gradient(loss, at, create_graph=True)
        u = [bi - lr * ai for ai, bi in zip(a, b)]
        dot = sum((g * ui).sum() for g, ui in zip(grads, u) if g is not None)
        products = torch.autograd.grad(dot, [*at.values(), *phi.values()], allow_unused=True)
        hessian, mixed = products[: len(at)], products[len(at) :]
        a = [ai + decay * ui + zero_for_none(hu, ui) for ai, ui, hu in zip(a, u, hessian)]
        b = [momentum * ui for ui in u]
        hypergradient = [h + zero_for_none(m, h) for h, m in zip(hypergradient, mixed)]
    hypergradient = tuple(hypergradient)
    out.update(inner=inner, adapted=theta, adapted_task=adapted.detach(), hypergradient=dict(zip(phi, hypergradient)))
    out["phi"] = adam.step(phi, hypergradient)
    return out


def zero_for_none(value, like):
    return torch.zeros_like(like) if value is None else value


def plain_step(losses, theta, velocity, running, rule):
    """One ordinary step on L_org alone."""
    theta = leaves(theta)
    task, _ = losses.evaluate({**theta, **running})
    with torch.no_grad():
        theta, velocity = sgd(theta, velocity, gradient(task, theta), rule)
    return theta, velocity


# ---- Timing ----


def random_networks(width, depth, classes, make):
    """A ResNet of 16/32/64 channels, the paper's VGG-9 at `width`, regressors and meta-networks, with their pairs."""
    blocks = (depth - 2) // 6
    source, groups, channels = {}, [], 16

    def conv(p, name, out, into, kernel):
        p[f"{name}.weight"] = make((out, into, kernel, kernel), (2 / (out * kernel * kernel)) ** 0.5)

    def norm(p, name, count, running):
        p[f"{name}.weight"], p[f"{name}.bias"] = make((count,), 0) + 1, make((count,), 0)
        if running:
            p[f"{name}.running_mean"], p[f"{name}.running_var"] = make((count,), 0), make((count,), 0) + 1

    conv(source, "conv1", channels, 3, 3)
    norm(source, "bn1", channels, True)
    for group, out in enumerate([16, 32, 64]):
        groups.append([f"group{group}.{nth}" for nth in range(blocks)])
        for name in groups[-1]:
            conv(source, f"{name}.conv1", out, channels, 3)
            conv(source, f"{name}.conv2", out, out, 3)
            norm(source, f"{name}.bn1", out, True)
            norm(source, f"{name}.bn2", out, True)
            if out != channels:
                conv(source, f"{name}.downsample.0", out, channels, 1)
                norm(source, f"{name}.downsample.1", out, True)
            channels = out

    theta, layers, channels, index, taps = {}, [], 3, 0, []
    for layer in [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]:
        if layer == "M":
            taps.append(channels)
            layers.append("M")
            index += 1
            continue
        out = max(round(layer * width), 1)
        conv(theta, f"features.{index}", out, channels, 3)
        theta[f"features.{index}.bias"] = make((out,), 0)
        norm(theta, f"features.{index + 1}", out, False)
        layers.append(index)
        channels, index = out, index + 3
    theta["classifier.weight"], theta["classifier.bias"] = make((classes, channels), 0.01), make((classes,), 0)

    pairs, phi = [(m, n) for m in range(3) for n in range(5)], {}
    for k, (m, n) in enumerate(pairs):
        into, out = taps[n], [16, 32, 64][m]
        theta[f"regressor.{k}.weight"], theta[f"regressor.{k}.bias"] = make((out, into, 1, 1), into**-0.5), make((out,), 0)
        phi[f"what.{k}.weight"], phi[f"what.{k}.bias"] = make((out, out), 0), make((out,), 0)
        phi[f"where.{k}.weight"], phi[f"where.{k}.bias"] = make((1, out), out**-0.5), make((1,), 0) + 1
    return source, groups, theta, layers, pairs, phi


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def matrix_product(device, dtype):
    """GFLOP/s of a 1024³ matrix product, eight in a row: the median of five, after one."""
    a, b = (torch.rand(1024, 1024, device=device, dtype=dtype) for _ in range(2))
    secs = []
    for _ in range(6):
        wait(device)
        start = time.perf_counter()
        for _ in range(8):
            a @ b
        wait(device)
        secs.append((time.perf_counter() - start) / 8)
    return 2e-9 * 1024**3 / statistics.median(secs[1:])


def by_method(method, make_losses):
    """The iteration that `--method` names."""
    if method == "authors":
        return lambda *state: authors_iteration(make_losses, *state)
    return lambda *state: iteration(make_losses(), *state)


def bench(options):
    torch.manual_seed(0)
    device, dtype = options.device, getattr(torch, options.dtype)
    if options.threads:
        torch.set_num_threads(options.threads)

    def make(shape, deviation):
        return deviation * torch.randn(shape, device=device, dtype=dtype)

    source, groups, theta, layers, pairs, phi = random_networks(options.width, options.depth, 10, make)
    running = {
        f"features.{i + 1}.running_{what}": torch.full_like(theta[f"features.{i}.bias"], value)
        for i in layers
        if i != "M"
        for what, value in [("mean", 0.0), ("var", 1.0)]
    }
    velocity = {name: torch.zeros_like(value) for name, value in theta.items()}
    adam, rule = Adam(phi, 1e-4, 1e-4), (0.1, 0.9, 1e-4)
    x = make((options.batch, 3, 32, 32), 1)
    y = torch.arange(options.batch, device=device) % 10
    if options.method == "plain":
        theta = {name: value for name, value in theta.items() if not name.startswith("regressor.")}
        velocity = {name: velocity[name] for name in theta}
    step = by_method(options.method, lambda: Losses(source, groups, layers, pairs, 0.5, x, y))
    secs = []
    for _ in range(options.repeats + 1):
        wait(device)
        start = time.perf_counter()
        if options.method == "plain":
            # No source: nothing is matched.
            theta, velocity = plain_step(Losses({}, [], layers, [], 0.5, x, y), theta, velocity, running, rule)
        else:
            out = step(theta, velocity, running, phi, adam, rule, options.steps)
            theta, velocity, phi = out["theta0"], out["velocity"], out["phi"]
        wait(device)
        secs.append(time.perf_counter() - start)
    name = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return {
        "seconds_per_iteration": round(statistics.median(secs[1:]), 5),
        "least": round(min(secs[1:]), 5),
        "most": round(max(secs[1:]), 5),
        "first": round(secs[0], 5),
        "method": options.method,
        "repeats": options.repeats,
        "batch": options.batch,
        "width": options.width,
        "device": name,
        "dtype": options.dtype,
        "matmul_gflops": round(matrix_product(device, dtype), 1),
        "torch": torch.__version__,
    }


# ---- Checking ----


def read_safetensors(path):
    types = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            values = torch.frombuffer(bytearray(data[begin:end]), dtype=types[about["dtype"]])
            tensors[name] = values.reshape(about["shape"])
    return tensors


def below(fixture, *prefixes):
    return {name[len(p) :]: value.clone() for p in prefixes for name, value in fixture.items() if name.startswith(p)}


def vgg_layers(weights):
    """Convolutions stand three apart, four where a pooling lies between; one pooling ends the network."""
    indices = sorted(int(name.split(".")[1]) for name, value in weights.items() if name.endswith(".weight") and value.dim() == 4)
    layers = []
    for index, following in zip(indices, indices[1:] + [None]):
        layers.append(index)
        if following is None or following == index + 4:
            layers.append("M")
    return layers


def check(path, method):
    """The largest relative error over everything that the fixture records, and where it is."""
    fixture = read_safetensors(path)
    lr, momentum, decay, beta, steps, meta_lr, meta_decay = fixture["hyper"].tolist()
    source, target = below(fixture, "source."), below(fixture, "init.target.")
    groups = [[f"block{nth}"] for nth in (1, 2, 3)]
    running = {name: value for name, value in target.items() if ".running_" in name}
    theta = {name: value for name, value in target.items() if name not in running}
    theta.update({f"regressor.{name}": value for name, value in below(fixture, "init.regressor.").items()})
    phi = {name: value for name, value in below(fixture, "init.").items() if name.startswith(("what.", "where."))}
    layers = vgg_layers(target)
    pairs = [(m, n) for m in range(3) for n in range(3)]
    def make_losses():
        return Losses(source, groups, layers, pairs, beta, fixture["x"], fixture["y"])

    velocity = {name: torch.zeros_like(value) for name, value in theta.items()}
    adam = Adam(phi, meta_lr, meta_decay)
    out = by_method(method, make_losses)(theta, velocity, running, phi, adam, (lr, momentum, decay), int(steps))

    found = {"first.task_loss": out["task"], "first.beta_matching_loss": out["matching"]}
    found["first.total_loss"] = out["task"] + out["matching"]
    found["inner.beta_matching_loss"] = torch.stack(out["inner"])
    found["adapted.task_loss"] = out["adapted_task"]
    found.update({f"first.source_features.{m}": feature for m, feature in enumerate(make_losses().features)})
    found.update({f"theta0.target.{name}": value for name, value in running.items()})
    found.update({f"hypergradient.{name}": value for name, value in out["hypergradient"].items()})
    found.update({f"after.{name}": value for name, value in out["phi"].items()})
    kinds = [("first.grad.", "grads"), ("theta0.", "theta0"), ("adapted.", "adapted")]
    # Without momentum the velocity is recorded as zero, because nothing depends on it.
    for prefix, key in kinds + ([("theta0.velocity.", "velocity")] if momentum else []):
        for name, value in out[key].items():
            found[prefix + (name if name.startswith("regressor.") else f"target.{name}")] = value
    worst, where = 0.0, "nothing"
    for name, value in found.items():
        expected = fixture[name]
        # A bias before a normalisation has no gradient but rounding noise: nothing else is that small.
        size = max(expected.norm().item(), 1e-6)
        error = (value.detach() - expected).norm().item() / size
        if error > worst or error != error:
            worst, where = error, name
    return {"fixture": path, "method": method, "compared": len(found), "largest_relative_error": worst, "at": where, "ok": worst < 1e-9}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--width", type=float, default=1.0, help="factor on the channels of VGG-9")
    parser.add_argument("--depth", type=int, default=32, help="of the source ResNet")
    parser.add_argument("--steps", type=int, default=2, help="T")
    parser.add_argument("--method", choices=["unrolled", "authors", "plain"], default="unrolled")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0 leaves PyTorch's choice")
    parser.add_argument("--tf32", action="store_true", help="let a GPU round the factors of products to 10 bits")
    parser.add_argument("--check", metavar="FIXTURE", help="compare one iteration with recorded numbers, in float64")
    options = parser.parse_args()
    # PyTorch rounds the inputs of convolutions on recent GPUs unless told not to; here both sides compute in float32.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.tf32
    if options.check and options.method == "plain":
        parser.error("--check compares an iteration, which --method plain has none of")
    result = check(options.check, options.method) if options.check else bench(options)
    print(json.dumps(result))
    raise SystemExit(0 if result.get("ok", True) else 1)


if __name__ == "__main__":
    main()
