# Waits for one program of Go files (package main); compiles, links and becomes it. Descriptors 3 and 4: ../init/init.c.
printf r >&4
mapfile -d '' -t argv <&3
exec 3<&-
files=(*.go)
if ! { /sandbox/tools/compile -p main -complete -pack -importcfg /sandbox/importcfg -o /tmp/main.a "${files[@]}" &&
    /sandbox/tools/link -importcfg /sandbox/importcfg -s -w -o /tmp/main /tmp/main.a; } 4>&- </dev/null >&2; then
    printf c >&4
    exit 1
fi
rm -f /tmp/main.a
printf p >&4
exec /tmp/main "${argv[@]:1}" 4>&-
