# Tells how the service's container is, and the end of what it printed.
docker inspect --format 'state {{.State.Status}}, code {{.State.ExitCode}}, killed for want of memory: {{.State.OOMKilled}}, restarts {{.RestartCount}}' "$name" || true
docker logs --tail 200 "$name" 2>&1 | tail -c 7000 || true
