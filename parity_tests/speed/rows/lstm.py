"""The LSTMs of AutoVC: the decoder's widest, and the encoder's in both directions."""

import keras
import torch

from parity_tests.speed.row import Row
from parity_tests.speed.works import draw, keras_work, torch_work
from tfvc.layers import LSTM

STEPS = 128


def rows():
    for batch in (1, 2, 8, 16):
        for backward in (False, True):
            what = "forward + backward" if backward else "forward"
            yield f"LSTM 512->1024, B {batch}, T {STEPS}, {what}", lambda b=batch, w=backward: _row(512, 1024, b, w)
    for backward in (False, True):
        what = "forward + backward" if backward else "forward"
        yield (
            f"BiLSTM 512->2x32, two layers, B 2, T 176, {what}",
            lambda w=backward: _row(512, 32, 2, w, steps=176, layers=2, bidirectional=True),
        )


def _row(inputs, units, batch, backward, steps=STEPS, layers=1, bidirectional=False):
    x = draw(batch, steps, inputs)
    ours = LSTM(units, num_layers=layers, bidirectional=bidirectional)
    stock = keras.Sequential([_stock_layer(units, bidirectional) for _ in range(layers)])
    theirs = torch.nn.LSTM(inputs, units, layers, batch_first=True, bidirectional=bidirectional)
    for model in (ours, stock):
        model.build(x.shape)
    weights = sum(parameter.numel() for name, parameter in theirs.named_parameters() if "weight" in name)
    recurrent = sum(parameter.numel() for name, parameter in theirs.named_parameters() if "weight_hh" in name)
    passes = 3 if backward else 1
    return Row(
        keras_work(ours, x, backward=backward),
        torch_work(theirs, x, backward=backward),
        keras_work(stock, x, backward=backward),
        flops=passes * 2 * batch * steps * weights,
        loaded=4 * recurrent * steps * (2 if backward else 1),
    )


def _stock_layer(units, bidirectional):
    layer = keras.layers.LSTM(units, return_sequences=True)
    return keras.layers.Bidirectional(layer) if bidirectional else layer
