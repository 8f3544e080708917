# Waits for one script; then becomes it. Descriptors 3 and 4: see ../init/init.c.
printf r >&4
mapfile -d '' -t argv <&3
exec 3<&-
if ! bash -n -- "${argv[0]}" 4>&- </dev/null; then
    printf c >&4
    exit 2
fi
printf p >&4
exec bash -- "${argv[@]}" 4>&-
