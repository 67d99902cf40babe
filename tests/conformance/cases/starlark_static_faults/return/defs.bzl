X = 1

return X
