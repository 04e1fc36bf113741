# Waits until docker answers, and makes the folder of the run.
n=0
until docker info >/dev/null 2>&1; do
	n=$((n + 1))
	if [ "$n" -ge "$tries" ]; then
		echo "docker does not answer" >&2
		tail -n 20 /var/log/cloud-init-output.log >&2 2>/dev/null || true
		exit 41
	fi
	sleep 2
done
mkdir -p "$folder"
chmod 700 "$folder"
docker version --format 'docker {{.Server.Version}}'
uname -srm
