# Tells the time.
date -u '+clock %s.%N'
