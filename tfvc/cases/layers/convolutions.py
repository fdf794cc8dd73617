"""Convolutions beside torch's, in any size."""

from tfvc import layers
from tfvc.cases.layers.single import layer_entries, normal_inputs, without_training
from tfvc.parity.case import ParityCase, torch_call_channels_first


def conv1d(
    batch: int = 3,
    time: int = 14,
    inputs: int = 5,
    filters: int = 7,
    kernel_size: int = 4,
    strides: int = 3,
    padding: int = 2,
    padding_mode: str = "zeros",
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            padding_mode=padding_mode,
            dilation=dilation,
            bias=use_bias,
        )

    return ParityCase(
        "conv1d",
        lambda: layers.Conv1D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            padding_mode=padding_mode,
            dilation_rate=dilation,
            use_bias=use_bias,
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="Conv1D and nn.Conv1d",
    )


def conv1d_transpose(
    batch: int = 3,
    time: int = 9,
    inputs: int = 5,
    filters: int = 4,
    kernel_size: int = 5,
    strides: int = 2,
    padding: int = 2,
    output_padding: int = 1,
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.ConvTranspose1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            output_padding=output_padding,
            dilation=dilation,
            bias=use_bias,
        )

    return ParityCase(
        "conv1d_transpose",
        lambda: layers.Conv1DTranspose(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            output_padding=output_padding,
            dilation_rate=dilation,
            use_bias=use_bias,
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="Conv1DTranspose and nn.ConvTranspose1d",
    )


def grouped_conv1d(
    batch: int = 3,
    time: int = 31,
    inputs: int = 6,
    filters: int = 9,
    groups: int = 3,
    kernel_size: int = 5,
    strides: int = 4,
    padding: int = 2,
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=use_bias,
        )

    return ParityCase(
        "grouped_conv1d",
        lambda: layers.GroupedConv1D(
            filters, kernel_size, groups, strides=strides, padding=padding, dilation_rate=dilation, use_bias=use_bias
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="GroupedConv1D and nn.Conv1d(groups)",
    )


def column_conv2d(
    batch: int = 3,
    columns: int = 3,
    rows: int = 14,
    inputs: int = 5,
    filters: int = 7,
    kernel_size: int = 5,
    strides: int = 3,
    padding: int = 2,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv2d(
            inputs, filters, (kernel_size, 1), stride=(strides, 1), padding=(padding, 0), bias=use_bias
        )

    return ParityCase(
        "column_conv2d",
        lambda: layers.ColumnConv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=use_bias),
        torch_module,
        layer_entries,
        normal_inputs(batch, columns, rows, inputs),
        keras_forward=without_training,
        torch_forward=lambda module, x: {"output": module(x["x"].transpose(1, 3)).transpose(1, 3)},
        description="ColumnConv2D and nn.Conv2d with a kernel of one column",
    )


def conv2d(
    batch: int = 2,
    rows: int = 9,
    columns: int = 6,
    inputs: int = 3,
    filters: int = 4,
    kernel_size: int = 3,
    strides: int = 2,
    padding: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv2d(inputs, filters, kernel_size, stride=strides, padding=padding, bias=use_bias)

    return ParityCase(
        "conv2d",
        lambda: layers.Conv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=use_bias),
        torch_module,
        layer_entries,
        normal_inputs(batch, rows, columns, inputs),
        keras_forward=without_training,
        torch_forward=lambda module, x: {"output": module(x["x"].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)},
        description="Conv2D and nn.Conv2d",
    )
