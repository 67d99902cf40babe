a={A} ab={AB} b={B} X XX {A}{B} end
