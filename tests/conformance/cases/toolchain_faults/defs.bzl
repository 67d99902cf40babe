needs = rule(implementation = lambda ctx: [], toolchains = ["//:type"])

confused = rule(implementation = lambda ctx: [], toolchains = ["//:plain"])
