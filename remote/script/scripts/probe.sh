# Asks an address as the load will, so many times, and tells status and time.
n=0
while [ "$n" -lt "$times" ]; do
	n=$((n + 1))
	curl -s -o /dev/null -w 'status %{http_code} %{time_total}\n' --max-time 5 "$url" || true
done
