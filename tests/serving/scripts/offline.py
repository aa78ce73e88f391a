# /// script
# [tool.condavision.serve]
# network = false
# ///
import socket

print([name for _, name in socket.if_nameindex()])
