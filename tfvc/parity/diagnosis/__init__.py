def diagnose_forward(*a):
    pass


def diagnose_backward(*a):
    pass


def diagnose_sizes(*a):
    pass


def diagnose_step(*a):
    pass
