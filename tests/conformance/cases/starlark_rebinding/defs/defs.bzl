def X():
    pass

def X():
    pass
