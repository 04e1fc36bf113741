# Removes what a run left on the machine: its containers and its folder.
list() {
	docker ps -aq --filter label=plimsoll=1 --filter "label=plimsoll.run=$run"
}
for c in $(list); do
	docker rm -f "$c" >/dev/null 2>&1 || true
done
if [ -f "$folder/sampler.pid" ]; then
	kill "$(cat "$folder/sampler.pid")" 2>/dev/null || true
fi
rm -rf "$folder"
left=$(list | wc -l)
if [ "$left" -gt 0 ]; then
	echo "$left containers are left" >&2
	exit 51
fi
