# Prints a part of a file, in base64 that fits into what the agent passes on.
tail -c "+$((offset + 1))" "$file" | head -c "$length" | base64 -w0
echo
