mkdir -p /var/lib/plimsoll
echo "$(($(date +%s) + minutes * 60)) $minutes" >/var/lib/plimsoll/end.until
