len = 3

X = len
