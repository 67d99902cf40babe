FROZEN = [1]
CONSTANT = {"a": 1}

def _recursive(n):
    return _recursive(n - 1)

def fault(name):
    if name == "recursion":
        _recursive(3)
    elif name == "frozen":
        FROZEN.append(2)
    elif name == "key":
        print(CONSTANT["b"])
    elif name == "index":
        print(FROZEN[5])
    elif name == "iteration":
        x = [1, 2]
        for y in x:
            x.append(y)
    elif name == "type":
        print(1 + "a")
    elif name == "zero":
        print(1 // 0)
    elif name == "argument":
        fault(nome = 3)
    elif name == "unpack":
        a, b = [1, 2, 3]
        print(a, b)
    elif name == "int":
        print(int("x"))
    elif name == "call":
        print("abc"())
    elif name == "attribute":
        print("abc".nope())
    elif name == "unhashable":
        print({[]: 1})
    elif name == "fail":
        fail("said", "by", name, [1], sep = "-")
    elif name == "referenced":
        if False:
            later = 1
        print(later)
