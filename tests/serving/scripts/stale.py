print("fresh")
