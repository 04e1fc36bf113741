# Fetches the program and what it is to do, checks the program, and starts it
# apart from the agent. Its arguments come with the bundle, not with this text.
mkdir -p "$folder/generator"
cd "$folder/generator"
rm -rf work code record.jsonl record.gz progress.txt summary.txt
if ! { [ -f plimsoll ] && echo "$sum  plimsoll" | sha256sum -c >/dev/null 2>&1; }; then
	curl -sS -f --retry 3 -o plimsoll "$program"
	echo "$sum  plimsoll" | sha256sum -c >/dev/null
	chmod 700 plimsoll
fi
curl -sS -f --retry 3 -o bundle.tgz "$bundle"
if [ -n "$needs" ] && ! command -v "$needs" >/dev/null 2>&1; then
	dnf install -y -q "$needs" >/dev/null
fi
mkdir work
tar -xzf bundle.tgz -C work
rm bundle.tgz
mv work/.plimsoll-start.sh start.sh
: >alive
nohup sh start.sh >/dev/null 2>&1 </dev/null &
