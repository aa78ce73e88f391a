import os

os.makedirs("sub/sub")
with open("sub/sub/of it.txt", "w") as file:
    file.write("written")
os.symlink("/etc/passwd", "link")
os.symlink("/etc", "folder")
os.mkfifo("pipe")
with open("line\nfeed", "w") as file:
    file.write("fed")
with open("<img src=x>.html", "w") as file:
    file.write("<script>alert(1)</script>")
