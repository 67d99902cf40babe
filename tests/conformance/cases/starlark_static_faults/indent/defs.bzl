def f():
  pass
   pass
