testing.analysis_test(
    name = "top",
    implementation = lambda ctx: [],
)

x = "x"
