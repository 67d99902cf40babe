X = 1

def X():
    pass
