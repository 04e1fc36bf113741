# Puts the machine's own end further off.
shutdown -c >/dev/null 2>&1 || true
shutdown -h "+$minutes" >/dev/null 2>&1
