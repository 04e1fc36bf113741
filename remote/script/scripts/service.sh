# Fetches the service's image and starts it. The arguments are those of `docker run`.
docker rm -f "$name" >/dev/null 2>&1 || true
mkdir -p "$folder"

n=0
until docker pull -q "$image" >"$folder/pull.txt" 2>&1; do
	if docker image inspect "$image" >/dev/null 2>&1; then
		echo "note: the image could not be pulled, the one on the machine is used"
		break
	fi
	n=$((n + 1))
	if [ "$n" -ge 3 ] || grep -q -i -E 'manifest|denied|unauthorized|not found|toomanyrequests|invalid reference' "$folder/pull.txt"; then
		tail -c 2000 "$folder/pull.txt" >&2
		exit 31
	fi
	sleep $((n * 5))
done

# Secrets come from parameters, read here: their values pass through the
# environment into the container and are in no command line.
while IFS='=' read -r key parameter; do
	[ -n "$key" ] || continue
	value=$(read_parameter "$parameter") || {
		echo "the parameter $parameter cannot be read on the machine" >&2
		exit 35
	}
	export "$key=$value"
done <<PARAMETERS
$parameters
PARAMETERS

if ! docker run "$@" >/dev/null 2>"$folder/start.txt"; then
	tail -c 2000 "$folder/start.txt" >&2
	docker rm -f "$name" >/dev/null 2>&1 || true
	exit 34
fi
sleep 1
if [ "$(docker inspect --format '{{.State.Running}}' "$name")" != true ]; then
	docker inspect --format 'it ended with code {{.State.ExitCode}}, killed for want of memory: {{.State.OOMKilled}} {{.State.Error}}' "$name" >&2
	docker logs --tail 50 "$name" >&2 2>&1 || true
	exit 33
fi
docker image inspect --format 'image {{.Id}} {{.Architecture}}' "$image"
