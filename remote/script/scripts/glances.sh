# Starts Glances beside the service: one process writes the CSV, which is the
# archive, one answers while the load is on. Glances does not do both at once.
# One that is started again writes another file: its columns may be others.
mkdir -p "$folder"
if [ "$csv" != glances.csv ]; then
	docker logs --tail 2000 "$name" >"$folder/glances-before.log" 2>&1 || true
fi
docker rm -f "$name" >/dev/null 2>&1 || true
rm -f "$folder/$csv" "$folder/glances-deaf"
cat >"$folder/glances.conf" <<'CONF'
[global]
check_update=false
[outputs]
[network]
hide=lo,veth.*,docker.*,br-.*
[diskio]
hide=loop.*,zram.*,ram.*,dm-.*
[fs]
hide=/etc/.*,/out.*
[export]
exclude_fields=.*\.command,.*\.id,.*\.image,.*\.ports,.*\.created,.*_gauge
CONF
if ! docker image inspect "$image" >/dev/null 2>&1 && ! docker pull -q "$image" >"$folder/pull.txt" 2>&1; then
	tail -c 2000 "$folder/pull.txt" >&2
	exit 31
fi
docker run -d --name "$name" --label plimsoll=1 --label "plimsoll.run=$run" --restart=no \
	--pid host --network host -e TZ=UTC --log-opt max-size=10m \
	-v /var/run/docker.sock:/var/run/docker.sock:ro -v /:/rootfs:ro -v "$folder:/out" \
	--entrypoint /bin/sh "$image" -c '
		plugins=cpu,mem,memswap,load,network,diskio,uptime,core,containers
		{
			glances -C /out/glances.conf -w --disable-webui -B 0.0.0.0 -p "$0" -t "$1" --disable-check-update \
				--disable-plugin all --enable-plugin "$plugins" || true
			: >/out/glances-deaf
		} >>/out/glances-rest.log 2>&1 &
		exec glances -C /out/glances.conf -q -t "$1" --stop-after "$2" --disable-check-update \
			--export csv --export-csv-file "/out/$3" --export-csv-overwrite \
			--disable-plugin all --enable-plugin "$plugins"
	' "$port" "$interval" "$count" "$csv" >/dev/null
n=0
until [ -s "$folder/$csv" ] && [ "$(wc -l <"$folder/$csv")" -ge 3 ]; do
	n=$((n + 1))
	if [ "$n" -ge 30 ] || [ "$(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null)" != true ]; then
		docker logs --tail 20 "$name" >&2 2>&1 || true
		exit 43
	fi
	sleep 1
done
if ! head -n 1 "$folder/$csv" | tr ',' '\n' | grep -q "^containers\.$service\."; then
	echo "its file has no column of the container $service" >&2
	exit 42
fi
