# Says that home is there, sends the record as far as it is, and tells how far it is.
cd "$folder/generator"
: >alive
code=$(cat code 2>/dev/null || true)
if [ -f record.jsonl ]; then
	gzip -n -c record.jsonl >record.gz
	curl -sS -f --retry 3 -T record.gz "$url" >/dev/null
	echo "sent"
fi
echo "says $(tail -c 300 progress.txt 2>/dev/null | tr '\r' '\n' | tail -n 1)"
if [ -n "$code" ]; then echo "code $code"; fi
