# Waits for one file of SQL; then becomes sqlite3 on an empty database in memory. Safe mode: no file, no shell, no ATTACH.
# The program's own stdin is not read: sqlite3 reads the file there. Descriptors 3 and 4: see ../init/init.c.
printf r >&4
mapfile -d '' -t argv <&3
exec 3<&-
printf p >&4
exec sqlite3 -safe -batch -bail -header :memory: <"${argv[0]}" 4>&-
