# Ends the watching, gathers what is worth keeping, and lists it: name, size
# and sum of each packed file. The container's environment is not gathered.
mkdir -p "$folder"
cd "$folder"
rm -f ./*.gz
docker inspect --format 'watcher {{.State.Running}} {{.State.ExitCode}}' "$glances" 2>/dev/null || true
docker stop -t 5 "$glances" >/dev/null 2>&1 || true
if [ -f sampler.pid ]; then
	kill "$(cat sampler.pid)" 2>/dev/null || true
fi
{ docker logs --tail 20000 "$service" 2>&1 || true; } | tail -c 2000000 >service.log
{ docker logs --tail 2000 "$glances" 2>&1 || true; } | tail -c 200000 >glances.log
docker inspect --format '{{json .State}}' "$service" >state.json 2>/dev/null || true
{
	docker version --format 'docker {{.Server.Version}}'
	docker inspect --format 'image {{.Image}}' "$service"
	docker inspect --format 'restarts {{.RestartCount}}' "$service"
	uname -srm
} >versions.txt 2>/dev/null || true
{ dmesg 2>/dev/null || true; } | grep -i -E 'out of memory|oom-kill|oom_reaper|killed process' | tail -n 50 >oom.txt || true
for f in glances.csv glances-2.csv glances-before.log service.log glances.log glances-rest.log state.json versions.txt oom.txt; do
	if [ -s "$f" ]; then
		gzip -9 -n -c "$f" >"$f.gz"
		echo "file $f $(wc -c <"$f.gz") $(sha256sum "$f.gz" | cut -c1-64)"
	fi
done
