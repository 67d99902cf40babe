Y = [X for X in [1]]

Z = [X for X in [2]]

X = Y + Z

def f(Y):
    Z = Y
    Z = 2
    return Z
