# Sends a file to a presigned address; the machine needs no rights for it.
curl -sS -f --retry 3 --max-time "$seconds" -T "$file" "$url"
